//! From what is written of a server to what is done: [`Plan`].

use super::config::McpServer;
use super::error::BadServer;
use crate::pins::hex;
use crate::toolbox::Variables;
use duologue_ids::Redacted;
use reqwest::Url;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What a program of somebody else may know of the environment without being asked for by name.
const HARMLESS: [&str; 14] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "TERM",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "TMPDIR",
    "SYSTEMROOT",
    "TEMP",
    "APPDATA",
];

/// A server, with all that is needed to speak with it.
pub(crate) struct Plan {
    pub(crate) name: String,
    /// What its tools are remembered under: its name, and a hash of where it is.
    pub(crate) key: String,
    pub(crate) reach: Reach,
    pub(crate) listed: Option<BTreeSet<String>>,
    pub(crate) prefix: Option<String>,
    pub(crate) pins: BTreeMap<String, String>,
    pub(crate) required: bool,
    pub(crate) timeout: Duration,
    pub(crate) connect_within: Duration,
    pub(crate) result_max: usize,
    pub(crate) called_off: BTreeSet<String>,
}

/// How it is spoken with.
pub(crate) enum Reach {
    Child(ChildPlan),
    Http(HttpPlan),
}

pub(crate) struct ChildPlan {
    pub(crate) program: String,
    pub(crate) args: Vec<String>,
    pub(crate) env: Vec<(String, String)>,
    pub(crate) folder: Option<PathBuf>,
}

pub(crate) struct HttpPlan {
    pub(crate) url: Url,
    pub(crate) token: Option<Redacted<String>>,
}

impl Plan {
    pub(crate) fn of(server: &McpServer, variables: &Variables) -> Result<Plan, BadServer> {
        let (reach, place, called) = match (&server.command, &server.url) {
            (Some(program), None) => {
                let stem = Path::new(program).file_stem().map(|stem| stem.to_string_lossy().into_owned());
                let folder = server.cwd.as_deref().map(|folder| folder.to_string_lossy().into_owned());
                let words =
                    [program.clone(), folder.unwrap_or_default()].into_iter().chain(server.args.iter().cloned());
                let place = words.collect::<Vec<_>>().join("\0");
                (Reach::Child(child(server, program, variables)?), place, stem.unwrap_or_default())
            }
            (None, Some(url)) => {
                let http = http(server, url, variables)?;
                let host = http.url.host_str().unwrap_or_default().to_owned();
                (Reach::Http(http), url.clone(), host)
            }
            (Some(_), Some(_)) => return Err(bad(server, "it has a `command` and a `url`; remove one of them")),
            (None, None) => return Err(bad(server, "nothing says where it is; add a `command` or a `url`")),
        };
        let name = server.name.clone().unwrap_or(called);
        let seconds = |s: f64| Duration::try_from_secs_f64(s).unwrap_or(Duration::MAX);
        Ok(Plan {
            key: format!("{name}@{}", &hex(place.as_bytes())[..16]),
            name,
            reach,
            listed: server.tools.as_ref().map(|tools| tools.iter().cloned().collect()),
            prefix: server.prefix.clone(),
            pins: server.pins.clone(),
            required: server.required,
            timeout: seconds(server.timeout_s),
            connect_within: seconds(server.connect_timeout_s),
            result_max: usize::try_from(server.result_max).unwrap_or(usize::MAX),
            called_off: server.called_off.iter().cloned().collect(),
        })
    }

    pub(crate) fn refused(&self, why: &str) -> BadServer {
        BadServer { server: self.name.clone(), why: why.to_owned() }
    }
}

fn bad(server: &McpServer, why: &str) -> BadServer {
    let called = server.name.as_deref().or(server.command.as_deref()).or(server.url.as_deref());
    BadServer { server: called.unwrap_or("without a name").to_owned(), why: why.to_owned() }
}

fn child(server: &McpServer, program: &str, variables: &Variables) -> Result<ChildPlan, BadServer> {
    if server.token_env.is_some() {
        return Err(bad(server, "a `token_env` is for a `url`; a program gets its variables by `env`"));
    }
    let harmless = HARMLESS.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?)));
    let mut env: Vec<(String, String)> = harmless.collect();
    for name in &server.env {
        // One that is not set is no mistake: the server may do without it.
        env.extend(variables(name).map(|value| (name.clone(), value)));
    }
    Ok(ChildPlan { program: program.to_owned(), args: server.args.clone(), env, folder: server.cwd.clone() })
}

fn http(server: &McpServer, url: &str, variables: &Variables) -> Result<HttpPlan, BadServer> {
    if !server.args.is_empty() || !server.env.is_empty() || server.cwd.is_some() {
        return Err(bad(server, "`args`, `env` and `cwd` are for a `command`"));
    }
    let url = Url::parse(url).map_err(|error| bad(server, &format!("its `url` is none: {error}")))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(bad(server, "its `url` holds a secret; give a token by `token_env`"));
    }
    if url.scheme() != "https" && !is_here(&url) && !server.allow_plaintext {
        let why = "it is on another machine and unencrypted; use https, or write `allow_plaintext: true`";
        return Err(bad(server, why));
    }
    let token = match &server.token_env {
        None => None,
        Some(name) => match variables(name).filter(|token| !token.is_empty()) {
            Some(token) => Some(Redacted::new(token)),
            None => return Err(bad(server, &format!("the variable {name}, which holds its token, is not set"))),
        },
    };
    Ok(HttpPlan { url, token })
}

/// On this machine.
fn is_here(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let ip = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn plan(server: &McpServer) -> Result<Plan, String> {
        let variables: Variables = Arc::new(|name| (name == "TOKEN").then(|| "hush".to_owned()));
        Plan::of(server, &variables).map_err(|error| error.to_string())
    }

    fn refused(server: McpServer) -> String {
        plan(&server).err().expect("it is wrong")
    }

    #[test]
    fn what_is_wrong_is_told_with_what_to_do() {
        let url = |url: &str| McpServer::url(url);
        let token = |name: &str| McpServer { token_env: Some(name.into()), ..url("https://tools.example.org/mcp") };
        assert!(refused(McpServer::default()).contains("add a `command` or a `url`"));
        assert!(refused(McpServer { command: Some("x".into()), ..url("https://a.example") }).contains("remove one"));
        assert!(refused(url("http://tools.example.org/mcp")).contains("allow_plaintext"));
        assert!(refused(url("https://me:hush@tools.example.org")).contains("token_env"));
        assert!(!refused(url("https://me:hush@tools.example.org")).contains("`hush`"));
        assert!(refused(token("OTHER")).contains("OTHER"));
        assert!(refused(McpServer { args: vec!["x".into()], ..url("https://a.example") }).contains("`command`"));
        assert!(plan(&token("TOKEN")).is_ok() && plan(&url("http://[::1]:8000/mcp")).is_ok());
    }

    #[test]
    fn a_server_is_known_by_its_name_and_its_place() {
        let key = |server: McpServer| plan(&server).unwrap().key;
        let program = McpServer::command("/usr/bin/python3", &["tools.py"]);
        assert!(key(program.clone()).starts_with("python3@"));
        assert_ne!(key(program.clone()), key(McpServer::command("/usr/bin/python3", &["other.py"])));
        assert_eq!(key(program.clone()), key(McpServer { timeout_s: 1.0, ..program }));
    }

    #[test]
    fn a_program_gets_what_it_is_given_and_nothing_else() {
        let server = McpServer { env: vec!["TOKEN".into(), "UNSET".into()], ..McpServer::command("x", &[]) };
        let Reach::Child(child) = plan(&server).unwrap().reach else { panic!("a program") };
        let names: Vec<&str> = child.env.iter().map(|(name, _)| name.as_str()).collect();
        assert!(names.contains(&"TOKEN") && !names.contains(&"UNSET"), "{names:?}");
        assert!(names.iter().all(|name| HARMLESS.contains(name) || *name == "TOKEN"), "{names:?}");
    }
}
