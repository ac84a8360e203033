//! Where an agent's identity comes from, by its file.

use crate::config::{CertSource, Config};
use duologue_identity::{
    BadEndpoint, ENDPOINT_VARIABLE, Endpoint, Files, FilesError, IdentitySource, NoIdentity, TOKEN_VARIABLE,
    WorkloadClient,
};
use duologue_ids::{Redacted, SpiffeId};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// An identity is waited for so long when an agent starts.
const PATIENCE: Duration = Duration::from_secs(30);
/// Files are looked at so often.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Why an agent has no identity.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// It was given none.
    #[error("{error}{}", help.as_ref().map(|help| format!("\n  help: {help}")).unwrap_or_default())]
    None {
        /// Why.
        error: NoIdentity,
        /// What gives it one, where an authority does.
        help: Option<String>,
    },
    /// The address of the Workload API is none.
    #[error("{0} (identity.spire_socket in the agent's file, or SPIFFE_ENDPOINT_SOCKET)")]
    Socket(#[from] BadEndpoint),
    /// Nothing says where the Workload API is.
    #[error(
        "no Workload API is known: set SPIFFE_ENDPOINT_SOCKET, or identity.spire_socket in the agent's file, or run `duologue identity authority`"
    )]
    NoSocket,
    /// Its files are of no use.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// It was given another one than its file says.
    #[error(
        "this agent is to be {expected}, and was given the identity {found}: see identity in its file, or its entry at the authority"
    )]
    Another {
        /// What the file says.
        expected: String,
        /// What it was given.
        found: SpiffeId,
    },
}

/// The identity that the file of an agent asks for, once it is there.
pub(crate) async fn of(config: &Config) -> Result<IdentitySource, IdentityError> {
    let wanted = config.identity.spiffe_id.as_ref().and_then(|id| id.parse::<SpiffeId>().ok());
    let source = match config.server.mtls.cert_source {
        CertSource::Files => from_files(config, wanted.clone()).await?,
        CertSource::Spire | CertSource::Embedded => {
            let token = std::env::var(TOKEN_VARIABLE).ok().filter(|token| !token.is_empty()).map(Redacted::new);
            IdentitySource::workload_api(WorkloadClient::new(socket(config)?, token), wanted.clone())
        }
    };
    tracing::info!(seconds = PATIENCE.as_secs(), "Waiting for an identity");
    let svid = source.ready(PATIENCE).await.map_err(|error| {
        let of_authority = config.server.mtls.cert_source != CertSource::Files;
        IdentityError::None { error, help: of_authority.then(|| entry(wanted.as_ref())) }
    })?;
    let domain = config.identity.trust_domain.as_deref();
    let expected = match (&wanted, domain) {
        (Some(id), _) if id != svid.id() => Some(id.to_string()),
        (None, Some(domain)) if svid.id().trust_domain().as_str() != domain => Some(format!("somebody of {domain}")),
        _ => None,
    };
    if let Some(expected) = expected {
        return Err(IdentityError::Another { expected, found: svid.id().clone() });
    }
    tracing::info!(spiffe_id = %svid.id(), "Loaded SPIFFE identity");
    Ok(source)
}

/// What an authority of ours has to be told.
fn entry(wanted: Option<&SpiffeId>) -> String {
    let id = wanted.map_or_else(|| "SPIFFE_ID".to_owned(), SpiffeId::to_string);
    let program = std::env::current_exe().map_or_else(|_| "PROGRAM".to_owned(), |at| at.display().to_string());
    format!("where the authority is Duologue's: `duologue identity entry add {id} --program {program}`")
}

/// The file's, else that of `SPIFFE_ENDPOINT_SOCKET`, else that of the authority in the default data directory.
fn socket(config: &Config) -> Result<Endpoint, IdentityError> {
    if let Some(socket) = &config.identity.spire_socket {
        let address = if socket.starts_with('/') { format!("unix://{socket}") } else { socket.clone() };
        return Ok(address.parse()?);
    }
    if let Some(address) = variable(ENDPOINT_VARIABLE) {
        return Ok(address.parse()?);
    }
    let folder = data_folder().ok_or(IdentityError::NoSocket)?;
    Ok(Endpoint::Unix(folder.join("authority").join("workload.sock")))
}

/// The default data directory, which the program `duologue` has too.
fn data_folder() -> Option<PathBuf> {
    if let Some(home) = variable("DUOLOGUE_HOME") {
        return Some(home.into());
    }
    let data = variable("XDG_DATA_HOME").map(PathBuf::from).or_else(|| {
        let home = PathBuf::from(variable("HOME")?);
        Some(if cfg!(target_os = "macos") {
            home.join("Library/Application Support")
        } else {
            home.join(".local/share")
        })
    });
    Some(data?.join("duologue"))
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

async fn from_files(config: &Config, wanted: Option<SpiffeId>) -> Result<IdentitySource, IdentityError> {
    let mtls = &config.server.mtls;
    // The reader of the file has seen to it that all three are there.
    let file = |path: &Option<PathBuf>| path.clone().unwrap_or_default();
    let files = Files {
        certificate: file(&mtls.cert_file),
        key: file(&mtls.key_file),
        bundle: file(&mtls.bundle_file),
        federated: BTreeMap::new(),
        look_every: LOOK_EVERY,
    };
    Ok(IdentitySource::files(files, wanted).await?)
}
