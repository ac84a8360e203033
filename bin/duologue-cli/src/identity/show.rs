//! `duologue identity show`

use super::{Office, moment};
use crate::output::{Exit, Failure, note, plain, print, print_json, table};
use duologue_identity::{
    AuthorityStatus, ENDPOINT_VARIABLE, Endpoint, Entry, FederatedFrom, Health, HealthState, IdentitySource,
    TOKEN_VARIABLE, WorkloadClient,
};
use duologue_ids::Redacted;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

/// So long an identity is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Who this program is, and where that was asked.
struct Own {
    endpoint: Endpoint,
    health: Health,
}

pub(super) async fn run(office: &Office, folder: &Path) -> Result<Exit, Failure> {
    let own = own(folder).await?;
    let status = office.status().await;
    let is_known = own.health.state == HealthState::Ready;
    if office.json {
        let authority = status.as_ref().ok().map(serde_json::to_value).transpose()?;
        print_json(&json!({ "identity": own.as_json(), "authority": authority }));
    } else {
        own.show();
        match &status {
            Ok(status) => show(status),
            Err(error) if !is_known => note(error),
            // Somebody else's authority, which takes no orders from here.
            Err(_) => {}
        }
    }
    Ok(if is_known || status.is_ok() { Exit::Done } else { Exit::Failed })
}

/// Of the Workload API that the environment names, or else of the authority in this folder.
async fn own(folder: &Path) -> Result<Own, Failure> {
    let endpoint = match std::env::var(ENDPOINT_VARIABLE) {
        Ok(named) if !named.is_empty() => named.parse()?,
        _ => Endpoint::Unix(std::path::absolute(folder)?.join("workload.sock")),
    };
    let token = std::env::var(TOKEN_VARIABLE).ok().filter(|token| !token.is_empty()).map(Redacted::new);
    let source = IdentitySource::workload_api(WorkloadClient::new(endpoint.clone(), token), None);
    let mut renewals = source.renewals();
    let settled = async {
        // What it is told at first is enough, be it that there is nothing for it.
        while source.health().state == HealthState::Missing && source.health().error.is_none() {
            drop(tokio::time::timeout(Duration::from_millis(20), renewals.changed()).await);
        }
    };
    drop(tokio::time::timeout(PATIENCE, settled).await);
    Ok(Own { endpoint, health: source.health() })
}

impl Own {
    fn as_json(&self) -> Value {
        json!({
            "spiffe_id": self.health.id,
            "until": self.health.until.map(moment),
            "trusts": self.health.trusts,
            "endpoint": self.endpoint.to_string(),
            "error": self.health.error,
        })
    }

    fn show(&self) {
        match &self.health.id {
            Some(id) => print(format!("This program is {id}.")),
            None => print("This program has no identity."),
        }
        let mut lines = vec![("asked", self.endpoint.to_string())];
        lines.extend(self.health.until.map(|until| ("until", moment(until))));
        if !self.health.trusts.is_empty() {
            let names: Vec<&str> = self.health.trusts.iter().map(|domain| domain.as_str()).collect();
            lines.push(("trusts", names.join(", ")));
        }
        lines.extend(self.health.error.clone().map(|error| ("why", error)));
        for (name, value) in lines {
            print(format!("  {name:<8} {}", plain(&value)));
        }
    }
}

fn show(status: &AuthorityStatus) {
    print(format!("\nThe authority of {}, for development", status.domain));
    print(format!("  socket   {}", status.socket));
    print(format!("  lives    SVIDs {:?}, roots {:?}", status.timings.svid, status.timings.root));
    let roots: Vec<String> =
        status.roots.iter().map(|root| format!("{} until {}", root.number, moment(root.until))).collect();
    print(format!("  roots    {}", roots.join(", ")));
    if !status.entries.is_empty() {
        print(format!("\n{}", entries(&status.entries)));
    }
    let issued: Vec<[String; 2]> = status.issued.iter().map(|(id, until)| [id.to_string(), moment(*until)]).collect();
    if !issued.is_empty() {
        print(format!("\n{}", table(["IN USE", "UNTIL"], &issued)));
    }
    let tokens: Vec<[String; 3]> = status
        .tokens
        .iter()
        .map(|token| {
            let shown = token.shown_by.map_or_else(|| "nobody yet".to_owned(), |pid| format!("process {pid}"));
            [token.spiffe_id.to_string(), moment(token.until), shown]
        })
        .collect();
    if !tokens.is_empty() {
        print(format!("\n{}", table(["JOIN TOKEN FOR", "UNTIL", "SHOWN BY"], &tokens)));
    }
    if !status.revoked.is_empty() {
        let rows: Vec<[String; 1]> = status.revoked.iter().map(|id| [id.to_string()]).collect();
        print(format!("\n{}", table(["REVOKED"], &rows)));
    }
    federated(status);
}

fn federated(status: &AuthorityStatus) {
    let rows: Vec<[String; 3]> = status
        .federated
        .iter()
        .map(|one| {
            let from = match &one.from {
                FederatedFrom::File(path) => path.clone(),
                FederatedFrom::Web(address) => address.clone(),
            };
            let state = match (&one.error, one.is_there) {
                (Some(error), _) => plain(error),
                (None, true) => "handed out".to_owned(),
                (None, false) => "not read yet".to_owned(),
            };
            [one.domain.to_string(), plain(&from), state]
        })
        .collect();
    if !rows.is_empty() {
        print(format!("\n{}", table(["FEDERATED", "FROM", "STATE"], &rows)));
    }
}

pub(super) fn entries(all: &[Entry]) -> String {
    let row = |entry: &Entry| {
        let bytes = entry.executable.sha256.clone().unwrap_or_default();
        [entry.spiffe_id.to_string(), entry.uid.to_string(), plain(&entry.executable.path), bytes]
    };
    table(["IDENTITY", "USER", "PROGRAM", "SHA-256"], &all.iter().map(row).collect::<Vec<_>>())
}
