//! Addresses: what may be spoken with, and in which way.

use super::error::ConnectError;
use super::options::Options;
use reqwest::Url;
use std::net::IpAddr;

/// An address of HTTP that may be used: with an identity only one at which it is asked for.
pub(super) fn parse(text: &str, options: &Options) -> Result<Url, ConnectError> {
    let url = parse_any(text, options.allow_plaintext)?;
    if options.identity.is_some() && url.scheme() != "https" {
        let why = "calls with an identity go over mutual TLS, at an address with https:".to_owned();
        return Err(ConnectError::BadAddress { url: shown(text), why });
    }
    Ok(url)
}

fn parse_any(text: &str, allow_plaintext: bool) -> Result<Url, ConnectError> {
    let bad = |why: String| ConnectError::BadAddress { url: shown(text), why };
    let url = Url::parse(text.trim()).map_err(|error| bad(error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(bad(format!("it begins with {}:, not with https: or http:", url.scheme())));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(bad("it names no host".to_owned()));
    }
    if url.scheme() == "http" && !is_loopback(&url) && !allow_plaintext {
        return Err(ConnectError::Plaintext { url: shown(text) });
    }
    Ok(url)
}

/// That of a gRPC interface: cards have `host:port` there too, which is encrypted but on this machine.
pub(super) fn parse_grpc(text: &str, options: &Options) -> Result<Url, ConnectError> {
    if text.contains("://") {
        return parse(text, options);
    }
    let plain = parse_any(&format!("http://{text}"), true)?;
    let is_plain = is_loopback(&plain) && options.identity.is_none();
    if is_plain { Ok(plain) } else { parse(&format!("https://{text}"), options) }
}

pub(super) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// This machine has many names.
pub(super) fn is_same_host(a: &Url, b: &Url) -> bool {
    a.host_str() == b.host_str() || is_loopback(a) && is_loopback(b)
}

/// Without the secrets that an address may carry.
pub(super) fn shown(text: &str) -> String {
    let Ok(mut url) = Url::parse(text) else { return text.chars().take(200).collect() };
    // Both fail only for addresses that have no host, and so no name and password.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.to_string()
}

/// An address below another.
pub(super) fn below(base: &Url, target: &str) -> Result<Url, ConnectError> {
    let base = base.as_str().split(['?', '#']).next().unwrap_or_default().trim_end_matches('/').to_owned();
    let whole = format!("{base}{target}");
    Url::parse(&whole).map_err(|error| ConnectError::BadAddress { url: shown(&whole), why: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_safe_is_spoken_with() {
        for good in ["http://127.0.0.1:9", "http://[::1]:9/a", "http://LocalHost/", "https://agent.example.org/x?y"] {
            assert!(parse_any(good, false).is_ok(), "{good}");
        }
        assert!(matches!(parse_any("http://agent.example.org", false), Err(ConnectError::Plaintext { .. })));
        assert!(parse_any("http://agent.example.org", true).is_ok());
        for bad in ["", "agent.example.org", "ftp://x", "file:///etc/passwd", "http://127.0.0.1.example.org"] {
            assert!(parse_any(bad, false).is_err(), "{bad}");
        }
        let told = parse_any("http://joe:secret@agent.example.org/?token=secret", false).expect_err("not encrypted");
        assert!(!told.to_string().contains("secret") && !told.to_string().contains("joe"), "{told}");
    }

    #[test]
    fn addresses_of_grpc_need_no_scheme() {
        let of = |text| parse_grpc(text, &Options::default()).map(|url| url.to_string()).ok();
        assert_eq!(of("127.0.0.1:9").as_deref(), Some("http://127.0.0.1:9/"));
        assert_eq!(of("agent.example.org:443").as_deref(), Some("https://agent.example.org/"));
        assert_eq!(of("http://agent.example.org:443"), None);
    }

    #[test]
    fn paths_join_however_the_base_ends() {
        for base in ["http://127.0.0.1/a", "http://127.0.0.1/a/", "http://127.0.0.1/a?x=y"] {
            let url = Url::parse(base).expect("an address");
            assert_eq!(
                below(&url, "/tasks/a%2Fb:cancel").expect("one").as_str(),
                "http://127.0.0.1/a/tasks/a%2Fb:cancel"
            );
        }
    }
}
