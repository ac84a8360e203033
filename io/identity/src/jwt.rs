//! Signatures of JWT-SVIDs.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384,
    RSA_PSS_2048_8192_SHA512, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use duologue_ids::{SpiffeId, TrustDomain};
use duologue_trust::Moment;
use duologue_trust::document::Document;
use duologue_trust::jwt::{Algorithm, BadJwt, Parts};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Whose a JWT-SVID is, and what else it says, where it is good for the audience now and one of these bundles has its key.
///
/// # Errors
/// [`BadJwt`].
pub fn validate(
    token: &str,
    audience: &str,
    bundles: &BTreeMap<TrustDomain, Document>,
    now: Moment,
) -> Result<(SpiffeId, Map<String, Value>), BadJwt> {
    let parts = Parts::of(token)?;
    let bundle = bundles.get(parts.claims.sub.trust_domain()).ok_or(BadJwt::UnknownKey)?;
    let key = bundle.jwt.get(&parts.header.kid).ok_or(BadJwt::UnknownKey)?;
    if !is_signed_by(key, &parts) {
        return Err(BadJwt::BadSignature);
    }
    parts.claims.check(audience, now)?;
    Ok((parts.claims.sub, parts.claims.others))
}

/// Whether a JSON Web Key made the signature.
fn is_signed_by(key: &Value, parts: &Parts<'_>) -> bool {
    let verify = match parts.header.alg {
        Algorithm::ES256 => return is_on_curve(key, parts, ("P-256", 32)),
        Algorithm::ES384 => return is_on_curve(key, parts, ("P-384", 48)),
        Algorithm::ES512 => return is_on_curve(key, parts, ("P-521", 66)),
        Algorithm::RS256 => &RSA_PKCS1_2048_8192_SHA256,
        Algorithm::RS384 => &RSA_PKCS1_2048_8192_SHA384,
        Algorithm::RS512 => &RSA_PKCS1_2048_8192_SHA512,
        Algorithm::PS256 => &RSA_PSS_2048_8192_SHA256,
        Algorithm::PS384 => &RSA_PSS_2048_8192_SHA384,
        Algorithm::PS512 => &RSA_PSS_2048_8192_SHA512,
    };
    is_by_rsa(key, parts, verify)
}

fn is_on_curve(key: &Value, parts: &Parts<'_>, (curve, length): (&str, usize)) -> bool {
    let (Some(x), Some(y)) = (part(key, "x"), part(key, "y")) else { return false };
    if key["kty"] != "EC" || key["crv"] != curve || x.len() != length || y.len() != length {
        return false;
    }
    let point = [&[4][..], &x, &y].concat();
    let algorithm = match length {
        32 => &ECDSA_P256_SHA256_FIXED,
        48 => &ECDSA_P384_SHA384_FIXED,
        _ => &ECDSA_P521_SHA512_FIXED,
    };
    UnparsedPublicKey::new(algorithm, point).verify(parts.signed, &parts.signature).is_ok()
}

fn is_by_rsa(key: &Value, parts: &Parts<'_>, verify: &'static RsaParameters) -> bool {
    let (Some(n), Some(e)) = (part(key, "n"), part(key, "e")) else { return false };
    key["kty"] == "RSA" && RsaPublicKeyComponents { n, e }.verify(verify, parts.signed, &parts.signature).is_ok()
}

fn part(key: &Value, name: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(key[name].as_str()?).ok()
}

/// The JSON Web Key of an uncompressed point on P-256.
pub(crate) fn p256_key(point: &[u8], kid: Option<&str>) -> Value {
    let (x, y) = point.get(1..).unwrap_or_default().split_at(point.len().saturating_sub(1) / 2);
    let mut key = serde_json::json!({
        "kty": "EC", "crv": "P-256", "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y),
    });
    if let Some(kid) = kid {
        key["kid"] = kid.into();
    }
    key
}
