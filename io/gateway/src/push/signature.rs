//! Signed pushes, as Standard Webhooks has them: who receives one knows who sent it, when, and that nobody has changed it.
//!
//! The signature is Ed25519 over `ID.TIMESTAMP.BODY`, in the header `webhook-signature` as `v1a,` and base64. So a receiver
//! needs nothing secret, only the sender's public key, and any library that knows `v1a` can check it.

use crate::key::{SigningKey, VerifyingKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use duologue_store::UnixMs;
use reqwest::header::{HeaderMap, HeaderValue};
use std::time::Duration;
use thiserror::Error;

/// The header that names the delivery; the same for each attempt.
pub const ID: &str = "webhook-id";
/// The header that says when the attempt was made: seconds since 1970.
pub const TIMESTAMP: &str = "webhook-timestamp";
/// The header with the signatures, with spaces in between.
pub const SIGNATURE: &str = "webhook-signature";
/// How far the sender's clock may be from the receiver's, either way: older deliveries could be somebody's copies.
pub const TOLERANCE: Duration = Duration::from_secs(5 * 60);

/// Names the kind of signature: Ed25519.
const KIND: &str = "v1a,";
/// Signatures of one delivery that are looked at.
const MOST_SIGNATURES: usize = 16;

/// Why a delivery is not to be trusted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SignatureError {
    /// A header is not there, or is no text.
    #[error("the delivery has no header `{0}`: it does not come from a sender that signs")]
    Missing(&'static str),
    /// The time cannot be read.
    #[error("the header `{TIMESTAMP}` is no number of seconds: it does not come from a sender that signs")]
    NoTime,
    /// It was sent too long ago, or in the future.
    #[error(
        "the delivery was signed {seconds} s away from now, more than {} s: it may be a copy; see that both clocks are right",
        TOLERANCE.as_secs()
    )]
    Stale {
        /// How far away.
        seconds: u64,
    },
    /// None of the signatures is by one of the keys.
    #[error(
        "no signature is by a known key: the delivery was changed, or is another sender's; see that the sender's current key is known"
    )]
    NoneHolds,
}

/// The three headers of a delivery.
///
/// `id` has no full stop and nothing that a header cannot have; `at` is the moment of this attempt.
pub fn headers(key: &SigningKey, id: &HeaderValue, at: UnixMs, body: &[u8]) -> HeaderMap {
    let seconds = at.0.div_euclid(1000);
    let signature = key.sign(&signed(id.as_bytes(), seconds.to_string().as_bytes(), body));
    let mut headers = HeaderMap::new();
    headers.insert(ID, id.clone());
    headers.insert(TIMESTAMP, HeaderValue::from(seconds));
    if let Ok(value) = HeaderValue::from_str(&format!("{KIND}{}", STANDARD.encode(signature))) {
        headers.insert(SIGNATURE, value);
    }
    headers
}

/// Checks a delivery that was received, as bytes: once parsed and written again, they are others. Gives its id, which comes
/// again where a delivery is repeated.
///
/// # Errors
/// [`SignatureError`].
pub fn verify(headers: &HeaderMap, body: &[u8], keys: &[VerifyingKey], now: UnixMs) -> Result<String, SignatureError> {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok()).ok_or(SignatureError::Missing(name));
    let (id, timestamp, signatures) = (header(ID)?, header(TIMESTAMP)?, header(SIGNATURE)?);
    let seconds: i64 = timestamp.parse().map_err(|_| SignatureError::NoTime)?;
    let away = now.0.div_euclid(1000).abs_diff(seconds);
    if away > TOLERANCE.as_secs() {
        return Err(SignatureError::Stale { seconds: away });
    }
    let signed = signed(id.as_bytes(), timestamp.as_bytes(), body);
    let mut made =
        signatures.split(' ').take(MOST_SIGNATURES).filter_map(|one| STANDARD.decode(one.strip_prefix(KIND)?).ok());
    match made.any(|signature| keys.iter().any(|key| key.verify(&signed, &signature))) {
        true => Ok(id.to_owned()),
        false => Err(SignatureError::NoneHolds),
    }
}

fn signed(id: &[u8], timestamp: &[u8], body: &[u8]) -> Vec<u8> {
    [id, b".", timestamp, b".", body].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMs = UnixMs(1_767_225_600_999);

    fn made(key: &SigningKey) -> HeaderMap {
        headers(key, &HeaderValue::from_static("t-1:c-1:7"), NOW, b"{}")
    }

    #[test]
    fn what_was_signed_is_known_and_nothing_else() {
        let (key, other) = (SigningKey::generate().expect("a key"), SigningKey::generate().expect("a key"));
        let keys = [other.verifying(), key.verifying()];
        let good = made(&key);
        assert_eq!(good.get(TIMESTAMP).map(HeaderValue::as_bytes), Some(&b"1767225600"[..]));
        assert_eq!(verify(&good, b"{}", &keys, NOW), Ok("t-1:c-1:7".into()));
        assert_eq!(verify(&good, b"{ }", &keys, NOW), Err(SignatureError::NoneHolds));
        assert_eq!(verify(&good, b"{}", &[other.verifying()], NOW), Err(SignatureError::NoneHolds));
        for (name, value) in [(ID, "t-1:c-1:8"), (TIMESTAMP, "1767225601"), (SIGNATURE, "v1,AAAA"), (SIGNATURE, "")] {
            let mut changed = good.clone();
            changed.insert(name, HeaderValue::from_static(value));
            assert_eq!(verify(&changed, b"{}", &keys, NOW), Err(SignatureError::NoneHolds), "{name}");
            changed.remove(name);
            assert_eq!(verify(&changed, b"{}", &keys, NOW), Err(SignatureError::Missing(name)));
        }
    }

    #[test]
    fn another_implementation_signs_the_same() {
        // Key and signature by Python's `cryptography` 50.0.2; the key is that of RFC 8032 §7.1.
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key.pem");
        let pem = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
                   -----END PRIVATE KEY-----\n";
        std::fs::write(&path, pem).expect("written");
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("ours");
        let key = SigningKey::load_or_make(&path).expect("a key");
        let body = br#"{"statusUpdate":{"taskId":"t-1"}}"#;
        let headers = headers(&key, &HeaderValue::from_static("t-1:p%2E1:7"), NOW, body);
        let signature = "v1a,L7VL2Y0I7bo7UWA32eL70666eCQh0Egr2+WwNKx4ZNZAAVLhacj4Qo4cL4gUXLSY3JO3bEBRDVb7YrUYQ0b1DA==";
        assert_eq!(headers[SIGNATURE], signature);
        assert_eq!(key.jwk()["x"], "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
    }

    #[test]
    fn one_of_several_signatures_is_enough() {
        let (key, next) = (SigningKey::generate().expect("a key"), SigningKey::generate().expect("a key"));
        let (mut old, new) = (made(&key), made(&next));
        let both = [&old, &new].map(|headers| headers[SIGNATURE].to_str().expect("text").to_owned()).join(" ");
        old.insert(SIGNATURE, HeaderValue::from_str(&both).expect("a header"));
        for key in [key, next] {
            assert!(verify(&old, b"{}", &[key.verifying()], NOW).is_ok());
        }
    }

    #[test]
    fn old_copies_are_refused() {
        let key = SigningKey::generate().expect("a key");
        let (good, keys) = (made(&key), [key.verifying()]);
        let at = |seconds: i64| verify(&good, b"{}", &keys, UnixMs(NOW.0 + seconds * 1000));
        assert!([-300, 0, 300].map(at).iter().all(Result::is_ok));
        assert_eq!(at(301), Err(SignatureError::Stale { seconds: 301 }));
        assert_eq!(at(-301), Err(SignatureError::Stale { seconds: 301 }));
        let mut odd = good.clone();
        odd.insert(TIMESTAMP, HeaderValue::from_static("now"));
        assert_eq!(verify(&odd, b"{}", &keys, NOW), Err(SignatureError::NoTime));
    }
}
