//! `duologue identity authority`

use super::args::AuthorityArgs;
use crate::interrupt::interrupted;
use crate::output::{Exit, Failure, note, print, try_print};
use duologue_identity::{Authority, AuthorityConfig, ENDPOINT_VARIABLE};
use serde_json::json;
use std::path::Path;

pub(crate) async fn run(args: &AuthorityArgs, folder: &Path, json: bool) -> Result<Exit, Failure> {
    // Clients are told where it is, wherever they run.
    let folder = std::path::absolute(folder)?;
    let mut config = AuthorityConfig::new(&folder, args.trust_domain.clone());
    config.socket = args.socket.as_deref().map(std::path::absolute).transpose()?;
    config.publish = args.publish.as_deref().map(std::path::absolute).transpose()?;
    let authority = Authority::start(config).await?;
    let socket = authority.socket().to_string();
    if json {
        try_print(json!({
            "trust_domain": args.trust_domain, "socket": socket, "folder": folder, "for_development": true,
            "export": { ENDPOINT_VARIABLE: socket },
        }))?;
    } else {
        print(format!("The authority of {} runs, until Ctrl-C. For its clients:", args.trust_domain));
        print(format!("  export {ENDPOINT_VARIABLE}={}", quoted(&socket)));
        note(format!("It is for development: its keys lie in {}. In production, run SPIRE.", folder.display()));
    }
    interrupted().await;
    drop(authority);
    Ok(Exit::Done)
}

/// As a shell takes it.
fn quoted(text: &str) -> String {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/:._-+@".contains(&byte));
    if is_plain { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_takes_what_is_printed_as_it_is() {
        assert_eq!(quoted("unix:///run/a-b.sock"), "unix:///run/a-b.sock");
        assert_eq!(quoted("unix:///my dir/it's"), r"'unix:///my dir/it'\''s'");
    }
}
