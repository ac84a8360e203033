//! What a JWT-SVID says, and whether it is good for an audience now (SPIFFE JWT-SVID §2–4). Signatures are `io/identity`'s.

use crate::Moment;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use duologue_ids::SpiffeId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::time::Duration;
use thiserror::Error;

/// Most bytes of a token.
const TOKEN_MAX: usize = 16 << 10;

/// How it is signed, of those that the specification allows (§2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum Algorithm {
    RS256,
    RS384,
    RS512,
    ES256,
    ES384,
    ES512,
    PS256,
    PS384,
    PS512,
}

/// The head of a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// How it is signed.
    pub alg: Algorithm,
    /// By which key.
    pub kid: String,
    /// `JWT` or `JOSE`, where it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub typ: Option<String>,
    /// Nothing is understood that must be.
    #[serde(default, skip_serializing)]
    crit: Option<Value>,
}

/// What a token says, as far as it is checked; the rest stands beside it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Claims {
    /// Whose it is.
    pub sub: SpiffeId,
    /// For whom: a name, or several.
    pub aud: Audience,
    /// Seconds since 1970 at which it ends.
    pub exp: f64,
    /// Seconds since 1970 before which it is not good.
    #[serde(default)]
    pub nbf: Option<f64>,
    /// Everything else.
    #[serde(flatten)]
    pub others: Map<String, Value>,
}

/// For whom a token is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
#[allow(missing_docs)]
pub enum Audience {
    One(String),
    Many(Vec<String>),
}

/// A token taken apart, with nothing verified.
#[derive(Clone, Debug)]
pub struct Parts<'a> {
    /// Its head.
    pub header: Header,
    /// What it says.
    pub claims: Claims,
    /// What is signed.
    pub signed: &'a [u8],
    /// The signature.
    pub signature: Vec<u8>,
}

/// Why a JWT-SVID is not taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BadJwt {
    /// It is no such token.
    #[error(
        "this is no JWT-SVID: three parts with dots between, a header with alg and kid, claims with sub, aud and exp"
    )]
    Malformed,
    /// It says what it is, and that is something else.
    #[error("the token's type or its critical extensions are not those of a JWT-SVID")]
    OtherKind,
    /// It is for somebody else.
    #[error("the token is not for this audience")]
    OtherAudience,
    /// It is over.
    #[error("the token has run out: fetch another")]
    Expired,
    /// It is of the future.
    #[error("the token is not good yet: compare the clocks of both machines")]
    TooEarly,
    /// The key that signed it is none of its trust domain's.
    #[error(
        "no bundle at hand has the key that the token names: federate with its trust domain, or fetch another token"
    )]
    UnknownKey,
    /// Somebody changed it, or somebody else signed it.
    #[error("the token's signature is not that of its trust domain")]
    BadSignature,
    /// Its subject was revoked.
    #[error("the identity of the token was revoked")]
    Revoked,
}

impl Parts<'_> {
    /// Takes a token apart.
    ///
    /// # Errors
    /// [`BadJwt::Malformed`], [`BadJwt::OtherKind`].
    pub fn of(token: &str) -> Result<Parts<'_>, BadJwt> {
        if token.len() > TOKEN_MAX {
            return Err(BadJwt::Malformed);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(BadJwt::Malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(BadJwt::Malformed)?;
        let header: Header = read(header)?;
        let claims: Claims = read(claims)?;
        let is_known = header.typ.as_deref().is_none_or(|kind| kind == "JWT" || kind == "JOSE");
        if !is_known || header.crit.is_some() {
            return Err(BadJwt::OtherKind);
        }
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| BadJwt::Malformed)?;
        Ok(Parts { header, claims, signed: signed.as_bytes(), signature })
    }
}

fn read<T: for<'de> Deserialize<'de>>(part: &str) -> Result<T, BadJwt> {
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| BadJwt::Malformed)?;
    serde_json::from_slice(&bytes).map_err(|_| BadJwt::Malformed)
}

impl Claims {
    /// Whether a token that says this is good for the audience now.
    ///
    /// # Errors
    /// [`BadJwt`].
    pub fn check(&self, audience: &str, now: Moment) -> Result<(), BadJwt> {
        let is_for = match &self.aud {
            Audience::One(one) => one == audience,
            Audience::Many(many) => many.iter().any(|one| one == audience),
        };
        let now = now.0 as f64 / 1e3;
        match () {
            () if !self.sub.is_workload() => Err(BadJwt::Malformed),
            () if !is_for => Err(BadJwt::OtherAudience),
            () if now >= self.exp || self.exp.is_nan() => Err(BadJwt::Expired),
            () if self.nbf.is_some_and(|nbf| now < nbf) => Err(BadJwt::TooEarly),
            () => Ok(()),
        }
    }
}

/// The part of a new token that is signed, for ES256.
pub fn unsigned(kid: &str, subject: &SpiffeId, audience: &[String], now: Moment, life: Duration) -> String {
    let header = Header { alg: Algorithm::ES256, kid: kid.to_owned(), typ: Some("JWT".to_owned()), crit: None };
    let claims = serde_json::json!({
        "sub": subject, "aud": audience, "iat": now.as_secs(), "exp": now.plus(life).as_secs(),
    });
    let header = serde_json::to_vec(&header).unwrap_or_default();
    format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims.to_string()))
}

/// A signed token.
pub fn signed(unsigned: &str, signature: &[u8]) -> String {
    format!("{unsigned}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn token(header: &str, claims: &str) -> String {
        format!("{}.{}.AAAA", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims))
    }

    const HEADER: &str = r#"{"alg":"ES256","kid":"1"}"#;
    const CLAIMS: &str = r#"{"sub":"spiffe://a.test/w","aud":["x","y"],"exp":100,"nbf":50,"more":true}"#;

    #[test]
    fn tokens_that_the_specification_refuses_are_refused() {
        use BadJwt::*;
        let heads = [
            (r#"{"alg":"none","kid":"1"}"#, Malformed),
            (r#"{"alg":"HS256","kid":"1"}"#, Malformed),
            (r#"{"alg":"ES256"}"#, Malformed),
            (r#"{"alg":"ES256","kid":"1","typ":"at+jwt"}"#, OtherKind),
            (r#"{"alg":"ES256","kid":"1","crit":["b64"]}"#, OtherKind),
        ];
        for (header, why) in heads {
            assert_eq!(Parts::of(&token(header, CLAIMS)).map(|_| ()), Err(why), "{header}");
        }
        for claims in [
            r#"{"aud":"x","exp":1}"#,
            r#"{"sub":"spiffe://a.test/w","exp":1}"#,
            r#"{"sub":"spiffe://a.test/w","aud":"x"}"#,
            r#"{"sub":"w","aud":"x","exp":1}"#,
        ] {
            assert_eq!(Parts::of(&token(HEADER, claims)).map(|_| ()), Err(Malformed), "{claims}");
        }
        assert_eq!(Parts::of(&"a".repeat(20_000)).map(|_| ()), Err(Malformed));
    }

    #[test]
    fn audience_and_time_are_checked() {
        let token = token(HEADER, CLAIMS);
        let parts = Parts::of(&token).expect("a token");
        let check = |audience: &str, at| parts.claims.check(audience, Moment::from_secs(at));
        assert_eq!(check("x", 99), Ok(()));
        assert_eq!(check("y", 50), Ok(()));
        assert_eq!(check("z", 50), Err(BadJwt::OtherAudience));
        assert_eq!(check("x", 100), Err(BadJwt::Expired));
        assert_eq!(check("x", 49), Err(BadJwt::TooEarly));
        assert_eq!(parts.claims.others["more"], true);
    }

    proptest! {
        #[test]
        fn what_is_made_is_read(secs in 0u64..1 << 33, life in 1u64..1_000, audience in proptest::collection::vec("[ -~]{0,9}", 1..4)) {
            let subject: SpiffeId = "spiffe://a.test/w".parse().expect("an id");
            let now = Moment::from_secs(secs);
            let token = signed(&unsigned("k", &subject, &audience, now, Duration::from_secs(life)), b"sig");
            let parts = Parts::of(&token).expect("a token");
            prop_assert_eq!(&parts.signature, b"sig");
            prop_assert_eq!(&parts.claims.sub, &subject);
            prop_assert_eq!(parts.claims.check(&audience[0], now), Ok(()));
            prop_assert_eq!(parts.claims.check(&audience[0], now.plus(Duration::from_secs(life))), Err(BadJwt::Expired));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[a-zA-Z0-9_.=-]{0,200}") {
            drop(Parts::of(&text));
        }
    }
}
