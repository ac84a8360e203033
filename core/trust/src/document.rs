//! A trust domain's bundle as it is published: a set of JSON Web Keys (SPIFFE Trust Domain and Bundle §4).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;
use thiserror::Error;

/// Most bytes of a document.
pub const DOCUMENT_MAX: usize = 1 << 20;
/// Most keys that are read of one.
const KEYS_MAX: usize = 256;

/// The keys that a trust domain signs with.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document {
    /// Certificates of the authorities for X.509-SVIDs, in DER.
    pub x509: Vec<Vec<u8>>,
    /// Keys for JWT-SVIDs by `kid`, each a JSON Web Key.
    pub jwt: BTreeMap<String, Value>,
    /// Grows with every change.
    pub sequence: Option<u64>,
    /// How often to look for changes.
    pub refresh_hint: Option<Duration>,
}

/// Why a document cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BadDocument {
    /// It is too long.
    #[error("the bundle is longer than 1 MiB, or has more than 256 keys")]
    TooLong,
    /// It is no set of keys.
    #[error("the bundle is no SPIFFE bundle document: a JSON object with a list \"keys\"")]
    NotADocument,
    /// A key for X.509-SVIDs has to have one certificate.
    #[error("key {0} of the bundle is for X.509-SVIDs and has not exactly one certificate in \"x5c\"")]
    NoCertificate(usize),
    /// A key for JWT-SVIDs has to have a name of its own.
    #[error("key {0} of the bundle is for JWT-SVIDs and has no \"kid\" of its own")]
    NoKid(usize),
}

#[derive(Serialize, Deserialize)]
struct Wire {
    keys: Vec<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    spiffe_sequence: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    spiffe_refresh_hint: Option<u64>,
}

impl Document {
    /// Reads one. Keys for other purposes are skipped, as the specification has it.
    ///
    /// # Errors
    /// [`BadDocument`].
    pub fn read(text: &[u8]) -> Result<Document, BadDocument> {
        if text.len() > DOCUMENT_MAX {
            return Err(BadDocument::TooLong);
        }
        let wire: Wire = serde_json::from_slice(text).map_err(|_| BadDocument::NotADocument)?;
        if wire.keys.len() > KEYS_MAX {
            return Err(BadDocument::TooLong);
        }
        let refresh_hint = wire.spiffe_refresh_hint.map(Duration::from_secs);
        let mut document = Document { sequence: wire.spiffe_sequence, refresh_hint, ..Document::default() };
        for (number, key) in wire.keys.into_iter().enumerate() {
            match key["use"].as_str() {
                Some("x509-svid") => document.x509.push(certificate(&key).ok_or(BadDocument::NoCertificate(number))?),
                Some("jwt-svid") => {
                    let kid = key["kid"].as_str().filter(|kid| !kid.is_empty()).ok_or(BadDocument::NoKid(number))?;
                    if document.jwt.insert(kid.to_owned(), key).is_some() {
                        return Err(BadDocument::NoKid(number));
                    }
                }
                _ => {}
            }
        }
        Ok(document)
    }

    /// Writes it. What a certificate's key is comes beside it, since a JSON Web Key has to say so.
    pub fn write(&self, key_of: impl Fn(&[u8]) -> Value) -> String {
        let x509 = self.x509.iter().map(|certificate| {
            let mut key = key_of(certificate);
            key["use"] = "x509-svid".into();
            key["x5c"] = vec![STANDARD.encode(certificate)].into();
            key
        });
        let keys = x509.chain(self.jwt_keys()).collect();
        let wire = Wire {
            keys,
            spiffe_sequence: self.sequence,
            spiffe_refresh_hint: self.refresh_hint.map(|hint| hint.as_secs().max(1)),
        };
        serde_json::to_string_pretty(&wire).unwrap_or_default()
    }

    /// The keys for JWT-SVIDs alone, as the Workload API hands them out.
    pub fn write_jwt(&self) -> String {
        let wire = Wire { keys: self.jwt_keys().collect(), spiffe_sequence: None, spiffe_refresh_hint: None };
        serde_json::to_string(&wire).unwrap_or_default()
    }

    fn jwt_keys(&self) -> impl Iterator<Item = Value> {
        self.jwt.values().map(|key| {
            let mut key = key.clone();
            key["use"] = "jwt-svid".into();
            key
        })
    }
}

fn certificate(key: &Value) -> Option<Vec<u8>> {
    match key["x5c"].as_array()?.as_slice() {
        [one] => STANDARD.decode(one.as_str()?).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn documents_that_the_specification_refuses_are_refused() {
        use BadDocument::*;
        let read = |value: Value| Document::read(value.to_string().as_bytes());
        assert_eq!(read(json!([])), Err(NotADocument));
        assert_eq!(read(json!({"keys": [{"use": "x509-svid"}]})), Err(NoCertificate(0)));
        assert_eq!(read(json!({"keys": [{}, {"use": "x509-svid", "x5c": ["AA==", "AA=="]}]})), Err(NoCertificate(1)));
        assert_eq!(read(json!({"keys": [{"use": "jwt-svid"}]})), Err(NoKid(0)));
        assert_eq!(
            read(json!({"keys": [{"use": "jwt-svid", "kid": "a"}, {"use": "jwt-svid", "kid": "a"}]})),
            Err(NoKid(1))
        );
        assert_eq!(read(json!({"keys": vec![json!({}); 300]})), Err(TooLong));
        assert_eq!(Document::read(&vec![b' '; DOCUMENT_MAX + 1]), Err(TooLong));
        let other = read(json!({"keys": [{"use": "sig", "kid": "a"}, {"kty": "EC"}], "more": 1})).expect("it is read");
        assert_eq!(other, Document::default());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            x509 in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..50), 0..4),
            kids in proptest::collection::btree_set("[a-z]{1,8}", 0..4), sequence in any::<Option<u64>>(), hint in 1u64..9_999,
        ) {
            let jwt = kids.into_iter().map(|kid| (kid.clone(), json!({"kty": "EC", "kid": kid, "use": "jwt-svid"}))).collect();
            let document = Document { x509, jwt, sequence, refresh_hint: Some(Duration::from_secs(hint)) };
            let text = document.write(|_| json!({"kty": "EC"}));
            prop_assert_eq!(Document::read(text.as_bytes()), Ok(document.clone()));
            let jwt = Document::read(document.write_jwt().as_bytes()).expect("it is read");
            prop_assert_eq!(jwt, Document { jwt: document.jwt, ..Document::default() });
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            drop(Document::read(&bytes));
        }
    }
}
