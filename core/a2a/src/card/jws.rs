use super::canonical::{canonical, of_value, without_signatures};
use crate::model::{AgentCard, AgentCardSignature};
use crate::wire::bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The protected header of a signature (RFC 7515 §4.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Algorithm, such as `ES256`. A verifier decides by the key, not by this.
    pub alg: String,
    /// Which key.
    #[serde(default)]
    pub kid: String,
    /// `JOSE`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub typ: Option<String>,
    /// Where the key is published. Whoever follows it lets the card's author choose the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jku: Option<String>,
}

/// Why a card cannot be signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// A number has no canonical form.
    #[error("the card has no canonical form: {0}")]
    NotCanonical(#[from] serde_json::Error),
}

/// Why no signature of a card is to be trusted.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// It has none.
    #[error("the card is not signed: ask its provider for a signed one, or allow unsigned cards")]
    Unsigned,
    /// None holds.
    #[error(
        "none of the card's {0} signatures holds: it was changed after it was signed, or signed by a key that is not trusted"
    )]
    NoneHolds(usize),
    /// It cannot be read.
    #[error("the card cannot be read: {0}")]
    NoCard(#[from] serde_json::Error),
}

/// What a signature is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The canonical form of the specification.
    Specified,
    /// The form of the SDKs (a2a-sdk 1.3.0, @a2a-js/sdk 1.3.0), which leaves out empty strings, lists and objects, required ones
    /// too, however deep. Such a signature does not tell an empty value from a missing one: a requirement of a scheme without
    /// scopes from no requirement. A card that has empty values needs a signature of each form to be verified by all.
    WithoutEmpty,
}

/// Signatures of a card that are looked at.
const MOST_SIGNATURES: usize = 16;

/// Signs a card. `key` makes the signature over the bytes that it is given, by the algorithm that the header names.
///
/// # Errors
/// [`SignError`].
pub fn sign(
    card: &AgentCard,
    header: &Header,
    form: Form,
    key: impl FnOnce(&[u8]) -> Vec<u8>,
) -> Result<AgentCardSignature, SignError> {
    let protected = bytes::write_url(&serde_json::to_vec(header)?);
    let signature = bytes::write_url(&key(&input(&protected, &canonical(card, form)?)));
    Ok(AgentCardSignature { protected, signature, header: None })
}

/// Signs a card as it is written, whatever its members are: that of 1.0 with what only 0.3 has beside it, for example.
///
/// # Errors
/// [`SignError`].
pub fn sign_document(
    document: &Value,
    header: &Header,
    key: impl FnOnce(&[u8]) -> Vec<u8>,
) -> Result<AgentCardSignature, SignError> {
    let mut payload = document.clone();
    without_signatures(&mut payload);
    let protected = bytes::write_url(&serde_json::to_vec(header)?);
    let signature = bytes::write_url(&key(&input(&protected, &of_value(&payload)?)));
    Ok(AgentCardSignature { protected, signature, header: None })
}

/// Looks for a signature that holds, over one of `forms` or over the card as it was received, with members that are unknown
/// here. `key` says whether a signature over some bytes is by the key that the header names, and whether
/// that key is trusted.
///
/// # Errors
/// [`VerifyError`].
pub fn verify(
    json: &[u8],
    forms: &[Form],
    mut key: impl FnMut(&Header, &[u8], &[u8]) -> bool,
) -> Result<Header, VerifyError> {
    let card: AgentCard = serde_json::from_slice(json)?;
    if card.signatures.is_empty() {
        return Err(VerifyError::Unsigned);
    }
    let payloads = payloads(json, &card, forms)?;
    for signature in card.signatures.iter().take(MOST_SIGNATURES) {
        let Some((header, made)) = parts(signature) else { continue };
        let holds = |payload: &Vec<u8>| key(&header, &input(&signature.protected, payload), &made);
        if payloads.iter().any(holds) {
            return Ok(header);
        }
    }
    Err(VerifyError::NoneHolds(card.signatures.len()))
}

/// What a signature may be over, each once.
fn payloads(json: &[u8], card: &AgentCard, forms: &[Form]) -> Result<Vec<Vec<u8>>, serde_json::Error> {
    let mut received: Value = serde_json::from_slice(json)?;
    without_signatures(&mut received);
    let mut payloads = vec![of_value(&received)?];
    for form in forms {
        let payload = canonical(card, *form)?;
        if !payloads.contains(&payload) {
            payloads.push(payload);
        }
    }
    Ok(payloads)
}

/// The header and the signature. A header with `crit` asks for something that is not known here (RFC 7515 §4.1.11); `none` is no
/// algorithm.
fn parts(signature: &AgentCardSignature) -> Option<(Header, Vec<u8>)> {
    let protected = bytes::read(&signature.protected)?;
    let value: Value = serde_json::from_slice(&protected).ok()?;
    let header: Header = serde_json::from_slice(&protected).ok()?;
    let usable = value.get("crit").is_none() && !header.alg.is_empty() && !header.alg.eq_ignore_ascii_case("none");
    usable.then_some((header, bytes::read(&signature.signature)?))
}

/// What is signed (RFC 7515 §5.1).
fn input(protected: &str, payload: &[u8]) -> Vec<u8> {
    [protected.as_bytes(), b".", bytes::write_url(payload).as_bytes()].concat()
}
