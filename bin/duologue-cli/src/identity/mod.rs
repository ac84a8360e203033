//! `duologue identity …`: an authority for development, and what it is told to do.

mod args;
mod authority;
mod show;

pub(crate) use args::IdentityArgs;

use crate::output::{Exit, Failure, note, print, print_json};
use args::{EntryArgs, EntryCommand, FederateArgs, IdentityCommand, TokenArgs};
use duologue_identity::{
    Answer, AuthorityClient, AuthorityStatus, Entry, Executable, FederatedFrom, Moment, Order, OrderError,
    TOKEN_VARIABLE,
};
use duologue_providers::Settings;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Why nothing was asked of the authority.
#[derive(Debug, thiserror::Error)]
enum IdentityError {
    #[error("{} cannot be found ({error})\n  help: give a file that is there, by its path", path.display())]
    NoFile { path: PathBuf, error: std::io::Error },
    #[error("{} is no file, and so no program\n  help: give the file that is run", .0.display())]
    Folder(PathBuf),
    #[error("the path {} is no text, so that no entry can name it\n  help: give another name to it", .0.display())]
    NoText(PathBuf),
}

pub(crate) async fn run(args: &IdentityArgs, settings: &Settings, json: bool) -> Result<Exit, Failure> {
    let folder = args.folder.clone().unwrap_or_else(|| settings.home().join("authority"));
    let office = Office { client: AuthorityClient::new(&folder), json };
    match &args.command {
        IdentityCommand::Authority(args) => authority::run(args, &folder, json).await,
        IdentityCommand::Show => show::run(&office, &folder).await,
        IdentityCommand::Entry(EntryCommand::Add(args)) => {
            let entry = entry(args)?;
            let said = json!({ "added": entry });
            office.order(Order::AddEntry(entry), said, "It is given to that program.").await
        }
        IdentityCommand::Entry(EntryCommand::Remove(args)) => {
            let entry = removed(args)?;
            let said = json!({ "removed": entry });
            office.order(Order::RemoveEntry(entry), said, "It is not given to that program any more. What it was given goes on until it runs out: `identity revoke` ends that at once.").await
        }
        IdentityCommand::Entry(EntryCommand::List) => office.entries().await,
        IdentityCommand::Token(args) => office.token(args).await,
        IdentityCommand::Federate(args) => {
            let order = federate(args)?;
            let said = json!({ "federated": args.trust_domain });
            office.order(order, said, "Its bundle is handed out once it was read; `identity show` tells.").await
        }
        IdentityCommand::Defederate { trust_domain } => {
            let order = Order::Defederate { domain: trust_domain.clone() };
            let said = json!({ "defederated": trust_domain });
            office.order(order, said, "It is not believed any more; connections with it end.").await
        }
        IdentityCommand::Revoke { spiffe_id } => {
            let order = Order::Revoke { spiffe_id: spiffe_id.clone() };
            let said = json!({ "revoked": spiffe_id });
            let status = office.status().await?;
            if !status.entries.iter().any(|entry| entry.spiffe_id == *spiffe_id)
                && !status.issued.contains_key(spiffe_id)
            {
                note(format!(
                    "No entry has had {spiffe_id} so far: see that it is written as `identity entry list` has it"
                ));
            }
            office.order(order, said, "Nobody gets it any more; connections with it end.").await
        }
        IdentityCommand::Readmit { spiffe_id } => {
            let order = Order::Readmit { spiffe_id: spiffe_id.clone() };
            let said = json!({ "readmitted": spiffe_id });
            office.order(order, said, "It is given again.").await
        }
        IdentityCommand::Bundle => office.bundle().await,
    }
}

/// The authority that takes orders, and how is told what came of them.
struct Office {
    client: AuthorityClient,
    json: bool,
}

impl Office {
    /// Has an order carried out, and says so.
    async fn order(&self, order: Order, said: Value, words: &str) -> Result<Exit, Failure> {
        self.client.perform(&order).await?;
        if self.json {
            print_json(&said);
        } else {
            print(words);
        }
        Ok(Exit::Done)
    }

    async fn status(&self) -> Result<AuthorityStatus, OrderError> {
        match self.client.perform(&Order::Show).await? {
            Answer::Status(status) => Ok(*status),
            _ => Err(OrderError::Refused("the authority says something else than how it stands".to_owned())),
        }
    }

    async fn entries(&self) -> Result<Exit, Failure> {
        let status = self.status().await?;
        if self.json {
            print_json(&json!({ "entries": status.entries }));
            return Ok(Exit::Done);
        }
        print(show::entries(&status.entries));
        Ok(Exit::Done)
    }

    async fn token(&self, args: &TokenArgs) -> Result<Exit, Failure> {
        let order = Order::NewToken { spiffe_id: args.spiffe_id.clone(), life: args.ttl };
        let Answer::Token(token) = self.client.perform(&order).await? else {
            return Err("the authority gave no token".into());
        };
        let token = token.0.expose();
        if self.json {
            print_json(&json!({ "token": token, "spiffe_id": args.spiffe_id, "ttl_s": args.ttl.as_secs() }));
        } else {
            print(token);
            note(format!(
                "The first process that shows it is {}: start one with {TOKEN_VARIABLE} set to it, within {} s.",
                args.spiffe_id,
                args.ttl.as_secs()
            ));
        }
        Ok(Exit::Done)
    }

    async fn bundle(&self) -> Result<Exit, Failure> {
        let Answer::Bundle(text) = self.client.perform(&Order::Bundle).await? else {
            return Err("the authority gave no bundle".into());
        };
        if self.json {
            print_json(&serde_json::from_str(&text)?);
        } else {
            print(text);
        }
        Ok(Exit::Done)
    }
}

/// The file that a path stands for, whatever links lead there: the kernel tells programs by that.
fn entry(args: &EntryArgs) -> Result<Entry, IdentityError> {
    let path = &args.program;
    let file = path.canonicalize().map_err(|error| IdentityError::NoFile { path: path.clone(), error })?;
    if !file.is_file() {
        return Err(IdentityError::Folder(file));
    }
    of_file(args, &file)
}

/// An entry may outlive its program.
fn removed(args: &EntryArgs) -> Result<Entry, IdentityError> {
    of_file(args, &args.program.canonicalize().unwrap_or_else(|_| args.program.clone()))
}

fn of_file(args: &EntryArgs, file: &Path) -> Result<Entry, IdentityError> {
    let path = file.to_str().ok_or_else(|| IdentityError::NoText(file.to_owned()))?.to_owned();
    let uid = args.user.unwrap_or_else(|| rustix::process::geteuid().as_raw());
    let sha256 = args.sha256.as_ref().map(|hex| hex.to_ascii_lowercase());
    Ok(Entry { spiffe_id: args.spiffe_id.clone(), uid, executable: Executable { path, sha256 } })
}

fn federate(args: &FederateArgs) -> Result<Order, IdentityError> {
    let from = match (&args.file, &args.url) {
        (Some(path), _) => {
            // The authority may run elsewhere.
            let file =
                std::path::absolute(path).map_err(|error| IdentityError::NoFile { path: path.clone(), error })?;
            FederatedFrom::File(file.to_str().ok_or_else(|| IdentityError::NoText(file.clone()))?.to_owned())
        }
        (None, url) => FederatedFrom::Web(url.clone().unwrap_or_default()),
    };
    Ok(Order::Federate { domain: args.trust_domain.clone(), from })
}

/// A time as people and scripts read it.
fn moment(at: Moment) -> String {
    let time = i64::try_from(at.as_secs()).ok().and_then(|s| time::OffsetDateTime::from_unix_timestamp(s).ok());
    let text = time.and_then(|time| time.format(&time::format_description::well_known::Rfc3339).ok());
    text.unwrap_or_else(|| format!("{} s after 1970", at.as_secs()))
}
