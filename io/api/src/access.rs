//! Who may come in: everybody on this machine, or whoever has the admin token.

use duologue_ids::Redacted;
use rustls::pki_types::{CertificateDer, ServerName};
use sha2::{Digest, Sha256};
use std::collections::VecDeque;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use subtle::ConstantTimeEq;

/// Who is logged in stays so for this long.
const SESSION: Duration = Duration::from_secs(12 * 3_600);
/// Logins that are remembered; the oldest goes first.
const SESSIONS: usize = 1_000;
/// The cookie of a login.
pub(crate) const COOKIE: &str = "duologue-session";

/// Why no secret can be made.
#[derive(Debug, thiserror::Error)]
#[error("this machine gives no randomness: {0}; secrets cannot be made without it")]
pub struct NoRandomness(String);

/// A secret of 256 random bits, as 64 hexadecimal digits.
pub fn fresh_secret() -> Result<Redacted<String>, NoRandomness> {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes).map_err(|error| NoRandomness(error.to_string()))?;
    Ok(Redacted::new(hex(&bytes)))
}

/// The SHA-256 of an admin token in hexadecimal: what is kept of it.
pub fn digest(token: &str) -> String {
    hex(&Sha256::digest(token.as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |text, byte| text + &format!("{byte:02x}"))
}

/// By which names this server answers, and to whom.
pub struct Access {
    kind: Kind,
}

enum Kind {
    /// One person on one machine.
    Loopback,
    /// Anybody who has the token, over TLS.
    Token { certificate: CertificateDer<'static>, digest: String, sessions: Mutex<VecDeque<(String, Instant)>> },
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.needs_login() { "Access(token)" } else { "Access(loopback)" })
    }
}

impl Access {
    /// Without login, by names of the loopback interface only.
    pub fn loopback() -> Access {
        Access { kind: Kind::Loopback }
    }

    /// For whoever has the token with this [`digest`], by the names in this certificate.
    pub fn token(digest: String, certificate: CertificateDer<'static>) -> Access {
        Access { kind: Kind::Token { certificate, digest, sessions: Mutex::default() } }
    }

    pub(crate) fn needs_login(&self) -> bool {
        matches!(self.kind, Kind::Token { .. })
    }

    /// The scheme under which this server is reached.
    pub(crate) fn scheme(&self) -> &'static str {
        if self.needs_login() { "https" } else { "http" }
    }

    /// Whether this server goes by a name, which comes without a port.
    pub(crate) fn answers_to(&self, host: &str) -> bool {
        let bare = host.trim_matches(['[', ']']);
        match &self.kind {
            Kind::Loopback => {
                bare.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
            }
            Kind::Token { certificate, .. } => {
                let Ok(name) = ServerName::try_from(bare) else { return false };
                let certificate = webpki::EndEntityCert::try_from(certificate);
                certificate.is_ok_and(|certificate| certificate.verify_is_valid_for_subject_name(&name).is_ok())
            }
        }
    }

    /// How a server that listens at `address` is called where it answers: by that address, else by the first name of the
    /// certificate that is a whole one. `None` where there is none: it may be for addresses, or `*.example.org`.
    pub fn host(&self, address: IpAddr) -> Option<String> {
        if self.answers_to(&address.to_string()) {
            return Some(if address.is_ipv6() { format!("[{address}]") } else { address.to_string() });
        }
        let Kind::Token { certificate, .. } = &self.kind else { return None };
        let certificate = webpki::EndEntityCert::try_from(certificate).ok()?;
        certificate.valid_dns_names().find(|name| !name.contains('*')).map(str::to_owned)
    }

    /// Whether a token is the admin's. Compared without telling by the time it takes how much of it is right.
    pub(crate) fn is_admin(&self, token: &str) -> bool {
        match &self.kind {
            Kind::Loopback => true,
            Kind::Token { digest: right, .. } => bool::from(digest(token).as_bytes().ct_eq(right.as_bytes())),
        }
    }

    /// Remembers a login, and gives the value of its cookie.
    pub(crate) fn begin_session(&self) -> Result<Redacted<String>, NoRandomness> {
        let secret = fresh_secret()?;
        if let Kind::Token { sessions, .. } = &self.kind {
            let mut sessions = sessions.lock().unwrap_or_else(PoisonError::into_inner);
            sessions.push_back((digest(secret.expose()), Instant::now()));
            while sessions.len() > SESSIONS {
                sessions.pop_front();
            }
        }
        Ok(secret)
    }

    pub(crate) fn has_session(&self, cookie: &str) -> bool {
        let Kind::Token { sessions, .. } = &self.kind else { return true };
        let mut sessions = sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|(_, begun)| begun.elapsed() < SESSION);
        let wanted = digest(cookie);
        sessions.iter().any(|(known, _)| bool::from(known.as_bytes().ct_eq(wanted.as_bytes())))
    }

    pub(crate) fn end_session(&self, cookie: &str) {
        if let Kind::Token { sessions, .. } = &self.kind {
            let ended = digest(cookie);
            sessions.lock().unwrap_or_else(PoisonError::into_inner).retain(|(known, _)| *known != ended);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_goes_by_its_own_names_only() {
        let access = Access::loopback();
        for name in ["localhost", "LOCALHOST", "127.0.0.1", "127.8.8.8", "[::1]"] {
            assert!(access.answers_to(name), "{name}");
        }
        for name in ["example.org", "localhost.example.org", "10.0.0.1", "0.0.0.0", ""] {
            assert!(!access.answers_to(name), "{name}");
        }
    }

    #[test]
    fn a_token_is_for_the_names_of_the_certificate_and_sessions_end() {
        let made = rcgen::generate_simple_self_signed(vec!["calls.example.org".into()]).unwrap();
        let access = Access::token(digest("right"), made.cert.der().clone());
        assert!(access.answers_to("calls.example.org") && !access.answers_to("localhost"));
        assert!(access.is_admin("right") && !access.is_admin("wrong") && !access.is_admin(""));
        let cookie = access.begin_session().unwrap();
        assert!(access.has_session(cookie.expose()) && !access.has_session("other"));
        access.end_session(cookie.expose());
        assert!(!access.has_session(cookie.expose()));
        assert!(!format!("{access:?}").contains("right"));
    }

    #[test]
    fn a_server_is_called_as_it_answers() {
        let host = |names: &[&str], address: &str| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            let made = rcgen::generate_simple_self_signed(names).unwrap();
            Access::token(String::new(), made.cert.der().clone()).host(address.parse().unwrap())
        };
        assert_eq!(host(&["*.example.org", "a.example.org", "b.example.org"], "0.0.0.0").unwrap(), "a.example.org");
        assert_eq!(host(&["a.example.org", "192.0.2.7"], "192.0.2.7").unwrap(), "192.0.2.7");
        assert_eq!(host(&["a.example.org", "2001:db8::7"], "2001:db8::7").unwrap(), "[2001:db8::7]");
        assert_eq!(host(&["*.example.org", "192.0.2.7"], "::"), None);
        assert_eq!(Access::loopback().host("127.0.0.1".parse().unwrap()).unwrap(), "127.0.0.1");
    }

    #[test]
    fn secrets_are_long_and_never_the_same() {
        let [a, b] = [fresh_secret().unwrap(), fresh_secret().unwrap()];
        assert!(a.expose().len() == 64 && a != b);
    }
}
