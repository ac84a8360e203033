//! Access tokens: JSON web tokens (RFC 7519) signed with HMAC-SHA-256 by an API secret, whose claims say who somebody is
//! and what they may do. The claims are LiveKit's own types; signing and checking are here, since time is an argument.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use serde::Deserialize;
use serde_json::{Map, Value};
use sha2_for_hmac::Sha256;
use std::time::Duration;

pub use livekit_token::{Claims, VideoGrants};

/// Seconds by which clocks may differ; LiveKit's servers allow as much.
pub const LEEWAY_S: u64 = 60;
/// [`Claims::exp`] of a token that names no expiry and so is never over, as with livekit-server.
pub const ENDLESS: usize = usize::MAX;
/// Bytes of a token at most.
const MAX: usize = 1 << 16;

/// Why a token cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// No key, or no secret.
    #[error("a token needs an API key and its secret; set LIVEKIT_API_KEY and LIVEKIT_API_SECRET")]
    NoKey,
    /// It lets somebody in, and does not say whom or where.
    #[error("a token that joins a room names the room and an identity")]
    NobodyOrNowhere,
    /// The claims are no JSON.
    #[error("the claims cannot be written as JSON: {0}")]
    Claims(String),
}

/// Why a token is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not three parts of base64 with JSON in them.
    #[error("the token is malformed; copy the whole of it, three parts joined by dots")]
    Malformed,
    /// Signed in another way.
    #[error("the token is signed with {0}; LiveKit's are signed with HS256")]
    Algorithm(String),
    /// Made with another key.
    #[error("the token was made with API key {0:?}, which is not this server's")]
    Issuer(String),
    /// Not made with the secret.
    #[error("the token's signature does not fit; is the API secret the one of this server?")]
    Signature,
    /// Over.
    #[error("the token expired {0} s ago; make a new one, and compare the clocks of both machines")]
    Expired(u64),
    /// Not begun.
    #[error("the token is valid in {0} s only; compare the clocks of both machines")]
    NotYet(u64),
}

#[derive(Deserialize)]
struct Header {
    alg: String,
}

/// Claims without grants: made by `key` for `identity`, valid from `now` (seconds since 1970) for `ttl`.
pub fn claims(key: &str, identity: &str, now: u64, ttl: Duration) -> Claims {
    let seconds = |s: u64| usize::try_from(s).unwrap_or(usize::MAX);
    Claims {
        iss: key.to_owned(),
        sub: identity.to_owned(),
        nbf: seconds(now),
        exp: seconds(now.saturating_add(ttl.as_secs())),
        ..Default::default()
    }
}

/// A token with these claims, signed with the secret of the key that [`Claims::iss`] names.
pub fn sign(claims: &Claims, secret: &str) -> Result<String, SignError> {
    if claims.iss.is_empty() || secret.is_empty() {
        return Err(SignError::NoKey);
    }
    if claims.video.room_join && (claims.sub.is_empty() || claims.video.room.is_empty()) {
        return Err(SignError::NobodyOrNowhere);
    }
    let claims = serde_json::to_vec(claims).map_err(|e| SignError::Claims(e.to_string()))?;
    let signed = [br#"{"alg":"HS256","typ":"JWT"}"#, &claims[..]].map(|part| URL_SAFE_NO_PAD.encode(part)).join(".");
    let signature = mac(secret, &signed).finalize().into_bytes();
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

/// The API key that a token says it was made with, by which its secret is found. Nothing is verified yet.
pub fn issuer(token: &str) -> Result<String, TokenError> {
    Ok(unverified(token)?.iss)
}

/// What a token says, true or not: to show it to people.
pub fn unverified(token: &str) -> Result<Claims, TokenError> {
    Ok(parts(token)?.1)
}

/// What a token grants, once its signature, its issuer and its times hold at `now` (seconds since 1970).
pub fn verify(token: &str, key: &str, secret: &str, now: u64) -> Result<Claims, TokenError> {
    let (header, claims) = parts(token)?;
    if header.alg != "HS256" {
        return Err(TokenError::Algorithm(header.alg));
    }
    if claims.iss != key {
        return Err(TokenError::Issuer(claims.iss));
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| TokenError::Malformed)?;
    // Compares in constant time.
    mac(secret, signed).verify_slice(&signature).map_err(|_| TokenError::Signature)?;
    in_time(&claims, now)?;
    Ok(claims)
}

/// Whether claims hold at `now` (seconds since 1970), as far as their times go.
pub fn in_time(claims: &Claims, now: u64) -> Result<(), TokenError> {
    let (begin, end) = (claims.nbf as u64, claims.exp as u64);
    if claims.exp != ENDLESS && now > end.saturating_add(LEEWAY_S) {
        return Err(TokenError::Expired(now - end));
    }
    if begin > now.saturating_add(LEEWAY_S) {
        return Err(TokenError::NotYet(begin - now));
    }
    Ok(())
}

fn parts(token: &str) -> Result<(Header, Claims), TokenError> {
    let mut parts = token.split('.');
    let (Some(header), Some(claims), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err(TokenError::Malformed);
    };
    if token.len() > MAX {
        return Err(TokenError::Malformed);
    }
    let bytes = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Malformed);
    let header = serde_json::from_slice(&bytes(header)?).map_err(|_| TokenError::Malformed)?;
    let claims = serde_json::from_slice(&bytes(claims)?).map_err(|_| TokenError::Malformed)?;
    Ok((header, claims_of(claims)?))
}

/// Claims as foreign libraries write them. As with livekit-server, `null` is what is not there, and times may have
/// fractions (RFC 7519 §2, NumericDate), of which whole seconds count, and stand in quotes.
fn claims_of(mut said: Map<String, Value>) -> Result<Claims, TokenError> {
    said.retain(|_, value| !value.is_null());
    for name in ["exp", "nbf", "iat"] {
        if let Some(time) = said.get_mut(name) {
            *time = seconds(time).ok_or(TokenError::Malformed)?.into();
        }
    }
    let is_endless = !said.contains_key("exp");
    let mut claims: Claims = serde_json::from_value(Value::Object(said)).map_err(|_| TokenError::Malformed)?;
    if is_endless {
        claims.exp = ENDLESS;
    }
    Ok(claims)
}

/// A time in whole seconds since 1970, where that is its beginning or later and 63 bits hold it; earlier is 1970.
fn seconds(time: &Value) -> Option<u64> {
    let number = match time {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.parse().ok()?,
        _ => return None,
    };
    // Exact for the next 285 million years; of what is negative nothing is left.
    (number < i64::MAX as f64).then_some(number as u64)
}

fn mac(secret: &str, signed: &str) -> Hmac<Sha256> {
    // Keys of any length are hashed or padded to a block (RFC 2104 §3), so none is refused.
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(secret.as_bytes())
        .unwrap_or_else(|_| <Hmac<Sha256> as Mac>::new(&Default::default()));
    mac.update(signed.as_bytes());
    mac
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: u64 = 1_800_000_000;

    fn signed(change: impl FnOnce(&mut Claims)) -> String {
        let mut claims = claims("key", "anna", NOW, Duration::from_secs(600));
        claims.video = VideoGrants { room_join: true, room: "kitchen".into(), ..Default::default() };
        claims.kind = "agent".into();
        claims.attributes = [("a".into(), "b".into())].into();
        change(&mut claims);
        sign(&claims, "secret").unwrap()
    }

    #[test]
    fn what_was_granted_is_read_back() {
        let read = verify(&signed(|_| ()), "key", "secret", NOW + 1).unwrap();
        assert_eq!((read.sub.as_str(), read.kind.as_str(), read.video.room.as_str()), ("anna", "agent", "kitchen"));
        assert_eq!(read.attributes["a"], "b");
    }

    #[test]
    fn livekits_own_verifier_accepts_it() {
        // It reads the clock, so the token has to be valid for long.
        let token = signed(|claims| (claims.nbf, claims.exp) = (1, 9_999_999_999));
        let read = livekit_token::TokenVerifier::with_api_key("key", "secret").verify(&token).unwrap();
        assert_eq!(read.video.room, "kitchen");
    }

    #[test]
    fn each_fault_has_its_name() {
        let token = signed(|_| ());
        assert_eq!(verify(&token, "key", "other", NOW), Err(TokenError::Signature));
        assert_eq!(verify(&token, "other", "secret", NOW), Err(TokenError::Issuer("key".into())));
        assert_eq!(
            verify(&token, "key", "secret", NOW + 600 + LEEWAY_S),
            Ok(verify(&token, "key", "secret", NOW).unwrap())
        );
        assert_eq!(verify(&token, "key", "secret", NOW + 661), Err(TokenError::Expired(61)));
        assert_eq!(verify(&token, "key", "secret", NOW - 61), Err(TokenError::NotYet(61)));
        assert_eq!(verify(&signed(|claims| claims.exp = 0), "key", "secret", NOW), Err(TokenError::Expired(NOW)));
        assert_eq!(verify("a.b", "key", "secret", NOW), Err(TokenError::Malformed));
        let none = format!("{}.{}", URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#), token.split_once('.').unwrap().1);
        assert_eq!(verify(&none, "key", "secret", NOW), Err(TokenError::Algorithm("none".into())));
    }

    /// A token whose claims are this JSON, and what becomes of its expiry.
    fn expiry(claims: &str) -> Result<usize, TokenError> {
        let signed = [r#"{"alg":"HS256"}"#, claims].map(|part| URL_SAFE_NO_PAD.encode(part)).join(".");
        let signature = URL_SAFE_NO_PAD.encode(mac("secret", &signed).finalize().into_bytes());
        verify(&format!("{signed}.{signature}"), "key", "secret", NOW).map(|claims| claims.exp)
    }

    /// What livekit-server v1.13.5 takes and refuses.
    #[test]
    fn times_are_read_as_others_write_them() {
        let of = |claims: &str| expiry(&format!(r#"{{"iss":"key",{claims}}}"#));
        assert_eq!(of(r#""exp":1800000010.75,"nbf":1799999999.5,"iat":1799999999.5"#), Ok(1_800_000_010));
        assert_eq!(of(r#""exp":"1800000010","nbf":"5""#), Ok(1_800_000_010));
        assert_eq!(of(r#""exp":1e10,"nbf":-1"#), Ok(10_000_000_000));
        for endless in [r#""nbf":5"#, r#""exp":null"#, r#""exp":null,"nbf":null,"video":null"#] {
            assert_eq!(of(endless), Ok(ENDLESS), "{endless}");
        }
        assert_eq!(of(r#""exp":1799999000.5"#), Err(TokenError::Expired(1_000)));
        assert_eq!(of(r#""exp":-1"#), Err(TokenError::Expired(NOW)));
        let none = ["true", "[]", "1e300", "1e999", "99999999999999999999", r#""soon""#, r#""inf""#, r#""NaN""#];
        for no_time in none.iter().flat_map(|no_time| ["exp", "nbf", "iat"].map(|name| format!("\"{name}\":{no_time}")))
        {
            assert_eq!(of(&no_time), Err(TokenError::Malformed), "{no_time}");
        }
    }

    #[test]
    fn tokens_for_nobody_are_not_made() {
        let mut claims = claims("key", "", NOW, Duration::from_secs(1));
        claims.video.room_join = true;
        assert_eq!(sign(&claims, "secret"), Err(SignError::NobodyOrNowhere));
        assert_eq!(sign(&claims, ""), Err(SignError::NoKey));
    }

    proptest! {
        #[test]
        fn no_changed_token_passes(at in any::<prop::sample::Index>(), to in "[A-Za-z0-9_.-]") {
            let token = signed(|_| ());
            let at = at.index(token.len());
            let mut changed = token.clone();
            changed.replace_range(at..=at, &to);
            prop_assume!(changed != token);
            // The last letter holds two bits that mean nothing, which strict base64 wants to be zero.
            prop_assert!(verify(&changed, "key", "secret", NOW).is_err());
        }

        #[test]
        fn any_text_is_a_token_or_an_error(text in "[A-Za-z0-9_-]{0,20}(\\.[A-Za-z0-9_-]{0,20}){0,3}") {
            prop_assert!(verify(&text, "key", "secret", NOW).is_err());
        }
    }
}
