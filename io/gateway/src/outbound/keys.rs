//! Keys that cards are verified with: a JWK set (RFC 7517), and the algorithms of RFC 7518 §3 and RFC 8037 over them.

use crate::key::VerifyingKey;
use aws_lc_rs::signature::{
    self, ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, RsaPublicKeyComponents, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use duologue_a2a::card::Header;
use serde::Deserialize;

/// Keys that are trusted.
#[derive(Clone, Debug, Default)]
pub struct KeySet(Vec<Key>);

/// Why a JWK set cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadKeys {
    /// Not the JSON of a set.
    #[error("the keys are no JWK set (RFC 7517): {0}")]
    NoSet(#[from] serde_json::Error),
    /// None of the keys is of a kind that is known.
    #[error("none of the keys is of a kind that is known: EC with P-256 or P-384, OKP with Ed25519, RSA")]
    NoKey,
}

#[derive(Clone, Debug)]
struct Key {
    kid: String,
    material: Material,
}

#[derive(Clone, Debug)]
enum Material {
    P256(Vec<u8>),
    P384(Vec<u8>),
    Ed25519(VerifyingKey),
    Rsa { n: Vec<u8>, e: Vec<u8> },
}

#[derive(Deserialize)]
struct Jwks {
    keys: Vec<Jwk>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Jwk {
    kty: String,
    kid: String,
    #[serde(rename = "use")]
    usage: String,
    crv: String,
    x: String,
    y: String,
    n: String,
    e: String,
}

impl Jwk {
    fn key(self) -> Option<Key> {
        let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok();
        // An uncompressed point (SEC 1 §2.3.3): both coordinates have the curve's length.
        let point = |length: usize| {
            let (x, y) = (bytes(&self.x)?, bytes(&self.y)?);
            (x.len() == length && y.len() == length).then(|| [&[4], &x[..], &y[..]].concat())
        };
        let material = match (self.kty.as_str(), self.crv.as_str()) {
            _ if !matches!(self.usage.as_str(), "" | "sig") => return None,
            ("EC", "P-256") => Material::P256(point(32)?),
            ("EC", "P-384") => Material::P384(point(48)?),
            ("OKP", "Ed25519") => Material::Ed25519(VerifyingKey::from_bytes(&bytes(&self.x)?)?),
            ("RSA", _) => Material::Rsa { n: bytes(&self.n)?, e: bytes(&self.e)? },
            _ => return None,
        };
        Some(Key { kid: self.kid, material })
    }
}

impl KeySet {
    /// Reads a JWK set. Keys of other kinds, and those that are not for signatures, are passed over.
    ///
    /// # Errors
    /// [`BadKeys`].
    pub fn from_jwks(json: &[u8]) -> Result<KeySet, BadKeys> {
        let set: Jwks = serde_json::from_slice(json)?;
        let keys: Vec<Key> = set.keys.into_iter().filter_map(Jwk::key).collect();
        if keys.is_empty() { Err(BadKeys::NoKey) } else { Ok(KeySet(keys)) }
    }

    /// Whether one of the keys made a signature. A header that names a key is not for others.
    pub(super) fn verifies(&self, header: &Header, input: &[u8], made: &[u8]) -> bool {
        let named = |key: &&Key| header.kid.is_empty() || key.kid.is_empty() || key.kid == header.kid;
        self.0.iter().filter(named).any(|key| key.material.verifies(&header.alg, input, made))
    }
}

impl Material {
    /// By the key's own algorithm; what the header says has to fit.
    fn verifies(&self, alg: &str, input: &[u8], made: &[u8]) -> bool {
        let plain = |algorithm: &'static dyn signature::VerificationAlgorithm, key: &[u8]| {
            UnparsedPublicKey::new(algorithm, key).verify(input, made).is_ok()
        };
        match (self, alg) {
            (Material::P256(key), "ES256") => plain(&ECDSA_P256_SHA256_FIXED, key),
            (Material::P384(key), "ES384") => plain(&ECDSA_P384_SHA384_FIXED, key),
            (Material::Ed25519(key), "EdDSA" | "Ed25519") => key.verify(input, made),
            (Material::Rsa { n, e }, _) => {
                let algorithm = match alg {
                    "RS256" => &signature::RSA_PKCS1_2048_8192_SHA256,
                    "RS384" => &signature::RSA_PKCS1_2048_8192_SHA384,
                    "RS512" => &signature::RSA_PKCS1_2048_8192_SHA512,
                    "PS256" => &signature::RSA_PSS_2048_8192_SHA256,
                    "PS384" => &signature::RSA_PSS_2048_8192_SHA384,
                    "PS512" => &signature::RSA_PSS_2048_8192_SHA512,
                    _ => return false,
                };
                RsaPublicKeyComponents { n, e }.verify(algorithm, input, made).is_ok()
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::rsa::KeySize;
    use aws_lc_rs::signature::{KeyPair as _, RsaEncoding, RsaKeyPair};
    use serde_json::json;

    fn header(alg: &str, kid: &str) -> Header {
        Header { alg: alg.into(), kid: kid.into(), typ: None, jku: None }
    }

    fn set(key: &serde_json::Value) -> KeySet {
        KeySet::from_jwks(json!({ "keys": [{ "kty": "oct", "k": "AA" }, key] }).to_string().as_bytes()).expect("a set")
    }

    /// RFC 7515 §A.3.
    #[test]
    fn the_example_of_the_standard_holds() {
        let key = set(&json!({
            "kty": "EC", "crv": "P-256", "kid": "a",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        }));
        let input = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let made = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
        let made = URL_SAFE_NO_PAD.decode(made).expect("base64");
        assert!(key.verifies(&header("ES256", "a"), input.as_bytes(), &made));
        assert!(key.verifies(&header("ES256", ""), input.as_bytes(), &made));
        // Another key's name, another algorithm, other bytes.
        assert!(!key.verifies(&header("ES256", "b"), input.as_bytes(), &made));
        assert!(!key.verifies(&header("RS256", "a"), input.as_bytes(), &made));
        assert!(!key.verifies(&header("ES256", "a"), b"else", &made));
    }

    #[test]
    fn signatures_of_rsa_hold() {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key");
        // RFC 8017 §A.1.1, at 2,048 bits: a sequence of the modulus behind 9 bytes, and of the exponent 65,537.
        let der = pair.public_key().as_ref();
        let key = set(&json!({ "kty": "RSA", "n": URL_SAFE_NO_PAD.encode(&der[9..265]), "e": "AQAB" }));
        let encodings: [(&str, &'static dyn RsaEncoding); 2] =
            [("RS256", &signature::RSA_PKCS1_SHA256), ("PS256", &signature::RSA_PSS_SHA256)];
        for (alg, encoding) in encodings {
            let mut made = vec![0; pair.public_modulus_len()];
            pair.sign(encoding, &SystemRandom::new(), b"a card", &mut made).expect("a signature");
            assert!(key.verifies(&header(alg, "any"), b"a card", &made), "{alg}");
            assert!(!key.verifies(&header(alg, "any"), b"a cart", &made), "{alg}");
        }
    }

    #[test]
    fn what_holds_no_key_is_refused() {
        for bad in ["", "[]", r#"{"keys":[]}"#, r#"{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]}"#] {
            assert!(KeySet::from_jwks(bad.as_bytes()).is_err(), "{bad}");
        }
        let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        let other = json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "use": "enc", "x": x }] });
        assert!(KeySet::from_jwks(other.to_string().as_bytes()).is_err());
    }
}
