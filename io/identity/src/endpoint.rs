//! Where a Workload API is.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use thiserror::Error;

/// The variable that names it (SPIFFE Workload Endpoint §4).
pub const ENDPOINT_VARIABLE: &str = "SPIFFE_ENDPOINT_SOCKET";

/// The address of a Workload API.
///
/// ```
/// use duologue_identity::Endpoint;
///
/// let endpoint: Endpoint = "unix:///run/spire/agent.sock".parse()?;
/// assert_eq!(endpoint.to_string(), "unix:///run/spire/agent.sock");
/// assert!("http://127.0.0.1:80".parse::<Endpoint>().is_err());
/// # Ok::<(), duologue_identity::BadEndpoint>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// A socket of this machine.
    Unix(PathBuf),
    /// An IP address and port.
    Tcp(SocketAddr),
}

/// Why an address is none of a Workload API.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0:?} is no address of a Workload API: give unix:///ABSOLUTE/PATH, or tcp://IP:PORT")]
pub struct BadEndpoint(String);

impl FromStr for Endpoint {
    type Err = BadEndpoint;

    fn from_str(text: &str) -> Result<Endpoint, BadEndpoint> {
        let bad = || BadEndpoint(text.to_owned());
        if let Some(address) = text.strip_prefix("tcp://") {
            return address.parse().map(Endpoint::Tcp).map_err(|_| bad());
        }
        let path = text.strip_prefix("unix:").ok_or_else(bad)?;
        let path = path.strip_prefix("//").unwrap_or(path);
        let is_path = path.starts_with('/') && !path.contains(['?', '#', '\0']);
        if is_path { Ok(Endpoint::Unix(PathBuf::from(path))) } else { Err(bad()) }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Endpoint::Unix(path) => write!(f, "unix://{}", path.display()),
            Endpoint::Tcp(address) => write!(f, "tcp://{address}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_the_specification_are_read_and_others_are_not() {
        let good = ["unix:///tmp/a.sock", "unix:/tmp/a.sock", "tcp://127.0.0.1:8000", "tcp://[::1]:80"];
        for text in good {
            assert!(text.parse::<Endpoint>().is_ok(), "{text}");
        }
        for text in [
            "",
            "/tmp/a",
            "unix:a",
            "unix://host/a?b",
            "unix://a",
            "tcp://localhost:80",
            "tcp://1.2.3.4",
            "tcp://1.2.3.4:5/a",
        ] {
            assert!(text.parse::<Endpoint>().is_err(), "{text}");
        }
    }
}
