use super::{CertSource, Config, DefaultPolicy};
use duologue_yaml::{BadFile, MAX_BYTES, Placed, Problem, schema_of};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// An answer is remembered for a year at most.
const MOST_CACHED_S: f64 = 31_536_000.0;
/// The rules by which files decide.
const DECIDED: [&str; 2] = ["duologue.authz.allow", "agentweave.authz.allow"];

static SCHEMA: LazyLock<Value> = LazyLock::new(schema_of::<Config>);

/// Why a file is no agent's.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It cannot be read.
    #[error("{path} cannot be read: {why}")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system says.
        why: String,
    },
    /// It is wrong: each line with the reason and the nearest key that there is.
    #[error("{}", .0.to_string().trim_end().trim_start_matches("error: "))]
    Refused(Box<BadFile>),
}

impl Config {
    /// The JSON Schema of the file.
    pub fn schema() -> Value {
        SCHEMA.clone()
    }

    /// Reads a file. Paths in it are from its folder. Blocks on the disk.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn load(path: &Path) -> Result<Config, ConfigError> {
        let refuse = |why: String| ConfigError::Unreadable { path: path.to_owned(), why };
        let size = std::fs::metadata(path).map_err(|error| refuse(error.to_string()))?.len();
        if size > MAX_BYTES as u64 {
            return Err(refuse(format!("it is larger than {MAX_BYTES} bytes")));
        }
        let text = std::fs::read_to_string(path).map_err(|error| refuse(error.to_string()))?;
        let mut config = Config::parse(&path.display().to_string(), &text)?;
        config.place(path.parent().unwrap_or(Path::new("")));
        Ok(config)
    }

    /// Reads a text; `file` names it in messages.
    ///
    /// # Errors
    /// [`ConfigError::Refused`].
    pub fn parse(file: &str, text: &str) -> Result<Config, ConfigError> {
        let placed = duologue_yaml::parse(file, text, &SCHEMA)
            .map_err(|bad| ConfigError::Refused(Box::new(with_features(bad))))?;
        let refuse = |problems| ConfigError::Refused(Box::new(placed.refuse(problems)));
        let config = serde_json::from_value::<Config>(placed.value()).map_err(|error| {
            refuse(vec![Problem::new(placed.place(&[]), format!("this file does not fit: {error}"))])
        })?;
        let problems = config.problems(&placed);
        if problems.is_empty() { Ok(config) } else { Err(refuse(problems)) }
    }

    /// What a schema can't say.
    fn problems(&self, placed: &Placed<'_>) -> Vec<Problem> {
        let at = |way: &[&str], message: String| Problem::new(placed.key_place(way), message);
        let mut problems = Vec::new();
        let identity = &self.identity;
        if let (Some(id), Some(domain)) = (&identity.spiffe_id, &identity.trust_domain)
            && id.trim_start_matches("spiffe://").split('/').next() != Some(domain)
        {
            let words = format!("the SPIFFE id {id} is not of the trust domain {domain}");
            problems.push(at(&["identity", "trust_domain"], words).help("make the two agree, or leave this out"));
        }
        let rules = &self.authorization;
        if rules.policy_file.is_some() && rules.opa_url.is_some() {
            let words = "a file decides, or an OPA server, not both".to_owned();
            problems.push(at(&["authorization", "opa_url"], words).help("remove one of them"));
        }
        let path = rules.policy_path.as_deref().unwrap_or(DECIDED[0]).replace('/', ".");
        if rules.policy_file.is_some() && !DECIDED.contains(&path.trim_start_matches("data.")) {
            let words = format!("a file decides by {}, and not by {path}", DECIDED.join(" or "));
            let help = "leave this out, or have an OPA server decide (opa_url), which may be asked for any path";
            problems.push(at(&["authorization", "policy_path"], words).help(help));
        }
        if rules.policy_path.is_some() && rules.policy_file.is_none() && rules.opa_url.is_none() {
            let words = "this says by which rule is decided, and nothing says which policy has it".to_owned();
            let help = "name a file or a folder of Rego in `policy_file`, or an OPA server in `opa_url`";
            problems.push(at(&["authorization", "policy_path"], words).help(help));
        }
        let mtls = &self.server.mtls;
        let files = [("cert_file", &mtls.cert_file), ("key_file", &mtls.key_file), ("bundle_file", &mtls.bundle_file)];
        for (name, file) in files {
            if mtls.enabled && mtls.cert_source == CertSource::Files && file.is_none() {
                let words = format!("certificates come from files, and `{name}` is missing");
                problems.push(at(&["server", "mtls", "cert_source"], words).help(format!("add `{name}`")));
            }
        }
        #[cfg(feature = "voice")]
        problems.extend(self.strangers(placed));
        for (name, entry) in self.agent_registry.iter().filter(|_| mtls.enabled) {
            if !entry.address.starts_with("https:") {
                let words =
                    format!("{name} is to prove that it is {}, and has an address without TLS", entry.spiffe_id);
                problems.push(at(&["agent_registry", name, "address"], words).help("give one with https://"));
            }
        }
        for (name, pin) in &self.calls.card_pins {
            let is_digest = pin.len() == 64 && pin.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
            if !is_digest {
                let words = format!("`{pin}` is no SHA-256, which has 64 digits of 0 to 9 and a to f");
                problems.push(at(&["calls", "card_pins", name], words).help("`duologue card` shows it"));
            }
        }
        for (name, seconds) in &self.calls.cache_s {
            if !(0.0..=MOST_CACHED_S).contains(seconds) {
                let words = format!("{seconds} is no time to remember an answer for, in seconds");
                problems
                    .push(at(&["calls", "cache_s", name], words).help(format!("0 to {MOST_CACHED_S} can stand here")));
            }
        }
        let is_said = placed.value().pointer("/authorization/default_policy").is_some();
        let decided = rules.policy_file.is_some() || rules.opa_url.is_some();
        if !mtls.enabled && !decided && is_said && rules.default_policy == DefaultPolicy::DenyAll {
            let words = "without mTLS nobody is known, and without a policy all of this machine may call: this would deny nothing";
            let help = "set `server: {mtls: {enabled: true}}`, name a `policy_file`, or leave this out";
            problems.push(at(&["authorization", "default_policy"], words.to_owned()).help(help));
        }
        if !mtls.enabled && !decided && rules.decision_log.is_some() {
            let words =
                "without mTLS and without a policy nothing is decided, and nothing would be in this log".to_owned();
            let help = "set `server: {mtls: {enabled: true}}`, name a `policy_file`, or leave this out";
            problems.push(at(&["authorization", "decision_log"], words).help(help));
        }
        for name in self.calls.card_pins.keys().filter(|name| !self.agent_registry.contains_key(*name)) {
            let words = format!("{name} has to say something, and is not in `agent_registry`");
            problems.push(at(&["calls", "card_pins", name], words).help("add it there, or leave it out here"));
        }
        for name in self.server.wait_for.iter().filter(|name| !self.agent_registry.contains_key(*name)) {
            let words = format!("{name} is to be waited for, and is not in `agent_registry`");
            problems.push(at(&["server", "wait_for"], words).help("add it there, or leave it out here"));
        }
        if !mtls.enabled && !is_loopback(&self.server.host) {
            let words = format!("{} can be reached from other machines, which takes mTLS", self.server.host);
            let help = "set `mtls: {enabled: true}`, or listen on 127.0.0.1";
            problems.push(at(&["server", "host"], words).help(help));
        }
        problems
    }

    /// Experts that it does not know.
    #[cfg(feature = "voice")]
    fn strangers(&self, placed: &Placed<'_>) -> Vec<Problem> {
        let experts = self.voice.iter().flat_map(|voice| &voice.experts);
        let unknown = experts.filter(|name| !self.agent_registry.contains_key(*name));
        let told = unknown.map(|name| {
            let words = format!("{name} is to be consulted, and is not in `agent_registry`");
            let place = placed.key_place(&["voice", "experts"]);
            Problem::new(place, words).help("add it there, or leave it out here")
        });
        told.collect()
    }

    /// Paths become those from the folder of the file.
    fn place(&mut self, folder: &Path) {
        let mtls = &mut self.server.mtls;
        let rules = &mut self.authorization;
        let paths = [
            &mut rules.policy_file,
            &mut rules.decision_log,
            &mut mtls.cert_file,
            &mut mtls.key_file,
            &mut mtls.bundle_file,
            &mut self.server.signing_key,
        ];
        for path in paths.into_iter().flatten() {
            *path = folder.join(&path);
        }
    }
}

/// A section that this program could have had.
fn with_features(mut bad: BadFile) -> BadFile {
    let mute = bad.problems.iter_mut().filter(|problem| problem.message.starts_with("unknown key `voice`"));
    for problem in mute.filter(|_| cfg!(not(feature = "voice"))) {
        "this program was built without a voice".clone_into(&mut problem.message);
        problem.help = Some("build it with the feature `voice` of the crate duologue".to_owned());
    }
    bad
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
