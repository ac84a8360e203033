#[cfg(feature = "voice")]
use super::Voice;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// An agent's file. All of it may be left out; what is left out is for an agent that only this machine reaches.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Who it is.
    pub identity: Identity,
    /// Who may ask it for what.
    pub authorization: Authorization,
    /// Where it is served.
    pub server: Server,
    /// Agents that it knows by a name.
    #[schemars(length(max = 10_000))]
    pub agent_registry: BTreeMap<String, AgentEntry>,
    /// How it calls others.
    pub calls: Calls,
    /// How it talks in rooms; left out: as the program says, or not at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg(feature = "voice")]
    pub voice: Option<Voice>,
    /// What it tells about what it does.
    pub observability: Observability,
    /// What its card says.
    pub metadata: Metadata,
}

/// Who an agent is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Identity {
    /// Its SPIFFE id, such as `spiffe://example.org/agent/worker`. It is an error if the identity it is given is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^spiffe://[a-z0-9._-]{1,255}(/[A-Za-z0-9._-]+)+$"), length(max = 2048))]
    pub spiffe_id: Option<String>,
    /// Socket of the SPIFFE Workload API that gives it its identity. Left out: `SPIFFE_ENDPOINT_SOCKET`, else the default data
    /// directory's authority.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200))]
    pub spire_socket: Option<String>,
    /// Its trust domain. It is an error if its SPIFFE id is of another.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[a-z0-9._-]{1,255}$"))]
    pub trust_domain: Option<String>,
}

/// Who may ask an agent for what.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Authorization {
    /// What decides.
    pub engine: Engine,
    /// What holds where no policy is loaded. A policy that is there and fails denies, whatever stands here.
    pub default_policy: DefaultPolicy,
    /// Where the decision stands in the data of an OPA server, such as `duologue/authz/allow`. Files decide by that one, or by
    /// `agentweave/authz/allow`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[A-Za-z_][A-Za-z0-9_]*([/.][A-Za-z_][A-Za-z0-9_]*)*$"), length(max = 200))]
    pub policy_path: Option<String>,
    /// Rego file, or folder of such and of data (JSON, YAML), by its path from this file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_file: Option<PathBuf>,
    /// An OPA server that decides in place of a file, such as `http://127.0.0.1:8181`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^https?://"), length(max = 2048))]
    pub opa_url: Option<String>,
    /// Where decisions are logged, as JSON lines that are chained by their hashes, by its path from this file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision_log: Option<PathBuf>,
    /// Whether each decision is on the disk before it takes effect; else it is within 100 ms.
    pub strict_log: bool,
}

/// What decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    /// Rego: in the process, or by an OPA server.
    #[default]
    Opa,
}

/// What holds where no policy is loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DefaultPolicy {
    /// Nothing is allowed.
    #[default]
    DenyAll,
    /// Whoever is authenticated may do everything.
    AllowAll,
}

/// Where an agent is served.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// Address that is listened on. Without mTLS it has to be one of this machine's loopback interface.
    #[schemars(length(min = 1, max = 255))]
    pub host: String,
    /// Port that is listened on; 0: any.
    pub port: u16,
    /// Where others find it, if not at host and port: what the card says.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^https?://"), length(max = 2048))]
    pub url: Option<String>,
    /// Mutual TLS.
    pub mtls: Mtls,
    /// Where tasks are kept: `sqlite:FILE` or a URL of PostgreSQL. Left out: in memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2048))]
    pub store: Option<String>,
    /// File of the key that signs the card and pushes; it is made where it is not there. Left out: a new one with each start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signing_key: Option<PathBuf>,
    /// Names of `agent_registry` that are there before this agent opens.
    #[schemars(length(max = 100))]
    pub wait_for: Vec<String>,
    /// How many seconds they are waited for.
    #[schemars(range(min = 0.0, max = 86_400.0))]
    pub wait_s: f64,
    /// Calls of one caller that are answered in a minute; more are refused. Left out: as many as come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<Rate>,
}

impl Default for Server {
    fn default() -> Server {
        let host = "127.0.0.1".to_owned();
        let (url, store, signing_key, rate_limit) = (None, None, None, None);
        let (wait_for, wait_s) = (Vec::new(), 60.0);
        Server { host, port: 8443, url, mtls: Mtls::default(), store, signing_key, wait_for, wait_s, rate_limit }
    }
}

/// Mutual TLS.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Mtls {
    /// Whether both sides prove who they are. Without it only this machine is served.
    pub enabled: bool,
    /// Where certificates come from.
    pub cert_source: CertSource,
    /// Of the source `files`: certificate chain in PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cert_file: Option<PathBuf>,
    /// Of the source `files`: private key in PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_file: Option<PathBuf>,
    /// Of the source `files`: the trust domain's authorities in PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bundle_file: Option<PathBuf>,
}

/// Where certificates come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CertSource {
    /// The SPIFFE Workload API of a SPIRE agent.
    Spire,
    /// The authority that comes with Duologue, which is for development.
    #[default]
    Embedded,
    /// Files, which are read again when they change.
    Files,
}

/// An agent that is known by a name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AgentEntry {
    /// Who it has to be.
    #[schemars(regex(pattern = r"^spiffe://[a-z0-9._-]{1,255}(/[A-Za-z0-9._-]+)+$"), length(max = 2048))]
    pub spiffe_id: String,
    /// Where it is, such as `https://worker.example.org:8443`.
    #[schemars(regex(pattern = r"^https?://"), length(max = 2048))]
    pub address: String,
}

/// How others are called. What is left out is not done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Calls {
    /// How long an answer is waited for, in seconds.
    #[schemars(range(max = 86_400.0), extend("exclusiveMinimum" = 0))]
    pub timeout_s: f64,
    /// Calls that did not come through are made again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
    /// An agent that fails is left alone for a while.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub circuit_breaker: Option<Breaker>,
    /// Answers that are remembered: seconds, by the capability's name.
    #[schemars(length(max = 1_000))]
    pub cache_s: BTreeMap<String, f64>,
    /// Calls at once to one agent; more wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100_000))]
    pub concurrency: Option<u32>,
    /// What cards have to say: the SHA-256 that `duologue card ADDRESS --agent SPIFFE_ID` shows, by the agent's name in
    /// `agent_registry`. One that says something else is not called until somebody has read it and changed this; it is asked for before
    /// each call.
    #[schemars(length(max = 10_000))]
    pub card_pins: BTreeMap<String, String>,
}

impl Default for Calls {
    fn default() -> Calls {
        Calls {
            timeout_s: 30.0,
            retry: None,
            circuit_breaker: None,
            cache_s: BTreeMap::new(),
            concurrency: None,
            card_pins: BTreeMap::new(),
        }
    }
}

/// How calls are made again that are safe to repeat: after a pause that doubles from 100 ms on, and of which half is chance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Retry {
    /// How often at most.
    #[schemars(range(min = 1, max = 100))]
    pub attempts: u32,
}

impl Default for Retry {
    fn default() -> Retry {
        Retry { attempts: 2 }
    }
}

/// When an agent is left alone, and how long.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Breaker {
    /// Failures in a row.
    #[schemars(range(min = 1, max = 10_000))]
    pub failures: u32,
    /// For how many seconds it is then left alone.
    #[schemars(range(max = 3_600.0), extend("exclusiveMinimum" = 0))]
    pub open_s: f64,
}

impl Default for Breaker {
    fn default() -> Breaker {
        Breaker { failures: 5, open_s: 30.0 }
    }
}

/// How often something may happen.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// In a minute.
    #[schemars(range(min = 1, max = 100_000_000))]
    pub per_minute: u32,
}

/// What an agent tells about what it does.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Observability {
    /// The log, on standard error.
    pub logging: Logging,
    /// Figures for Prometheus.
    pub metrics: Metrics,
    /// Traces by OpenTelemetry.
    pub tracing: Tracing,
}

/// The log.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Logging {
    /// From which level on.
    pub level: LogLevel,
    /// How a line looks.
    pub format: LogFormat,
}

/// A level of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// What failed.
    #[serde(alias = "ERROR")]
    Error,
    /// What may become a failure.
    #[serde(alias = "WARN", alias = "WARNING", alias = "warning")]
    Warn,
    /// What happens.
    #[default]
    #[serde(alias = "INFO")]
    Info,
    /// What one looks for a fault with.
    #[serde(alias = "DEBUG")]
    Debug,
    /// Everything.
    #[serde(alias = "TRACE")]
    Trace,
}

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For programs: one object.
    #[default]
    Json,
    /// For people.
    Text,
}

/// Figures for Prometheus, on a listener of their own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Metrics {
    /// Whether there are any.
    pub enabled: bool,
    /// Address that is listened on.
    #[schemars(length(min = 1, max = 255))]
    pub host: String,
    /// Port that is listened on; 0: any.
    pub port: u16,
}

impl Default for Metrics {
    fn default() -> Metrics {
        Metrics { enabled: false, host: "127.0.0.1".to_owned(), port: 9090 }
    }
}

/// Traces.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Tracing {
    /// Where they are sent by OTLP over HTTP, such as `http://127.0.0.1:4318`; left out: where
    /// `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` or `OTEL_EXPORTER_OTLP_ENDPOINT` says, else nowhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^https?://"), length(max = 2048))]
    pub endpoint: Option<String>,
}

/// What a card says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Metadata {
    /// Name, in place of the program's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200))]
    pub name: Option<String>,
    /// Version, in place of the program's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 100))]
    pub version: Option<String>,
    /// What it does, in place of the program's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 5_000))]
    pub description: Option<String>,
}
