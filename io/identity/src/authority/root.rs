//! Roots, and what they sign.

use crate::jwt::p256_key;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use duologue_ids::{SpiffeId, TrustDomain};
use duologue_trust::roots::{RootTimes, Timings, validity};
use duologue_trust::{Moment, jwt};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
    RevokedCertParams, SanType, SerialNumber,
};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;
use time::OffsetDateTime;

/// What certificates of this authority say about themselves.
const ORGANISATION: &str = "Duologue authority for development";

/// Keys or certificates could not be made or read.
#[derive(Debug, Error)]
#[error("a key or certificate cannot be made or read: {0}")]
pub struct CryptoError(String);

impl From<rcgen::Error> for CryptoError {
    fn from(error: rcgen::Error) -> CryptoError {
        CryptoError(error.to_string())
    }
}

/// A root as it is kept. Only this user may read it.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct KeptRoot {
    times: RootTimes,
    /// In DER and base64.
    certificate: String,
    /// PKCS #8 in base64.
    key: String,
    /// Of JWT-SVIDs; the same.
    jwt_key: String,
}

/// A root for X.509-SVIDs, and a key for JWT-SVIDs that lives as long.
pub(super) struct Root {
    pub(super) times: RootTimes,
    pub(super) certificate: CertificateDer<'static>,
    pub(super) kid: String,
    name: CertificateParams,
    key: KeyPair,
    jwt_key: EcdsaKeyPair,
    jwt_pkcs8: Vec<u8>,
}

/// An X.509-SVID as it was issued.
#[derive(Clone)]
pub(super) struct Issued {
    pub(super) id: SpiffeId,
    pub(super) certificate: CertificateDer<'static>,
    /// PKCS #8.
    pub(super) key: Vec<u8>,
    pub(super) record: Record,
    pub(super) made: Moment,
}

/// What is remembered of a certificate, so that it can be revoked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) id: SpiffeId,
    pub(super) root: u64,
    pub(super) serial: [u8; 16],
    pub(super) until: Moment,
}

impl Root {
    pub(super) fn make(domain: &TrustDomain, times: RootTimes, timings: &Timings) -> Result<Root, CryptoError> {
        let key = KeyPair::generate()?;
        let mut name = name(domain, times.number)?;
        name.not_before = date(times.made.minus(timings.backdate))?;
        name.not_after = date(times.until)?;
        let certificate = name.self_signed(&key)?.der().clone();
        let jwt_pkcs8 = KeyPair::generate()?.serialize_der();
        Root::of(times, certificate, key, (name, jwt_pkcs8))
    }

    fn of(
        times: RootTimes,
        certificate: CertificateDer<'static>,
        key: KeyPair,
        (name, jwt_pkcs8): (CertificateParams, Vec<u8>),
    ) -> Result<Root, CryptoError> {
        let jwt_key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &jwt_pkcs8);
        let jwt_key = jwt_key.map_err(|_| CryptoError("the key for JWT-SVIDs is none".to_owned()))?;
        let kid = URL_SAFE_NO_PAD.encode(&Sha256::digest(jwt_key.public_key())[..16]);
        Ok(Root { times, certificate, kid, name, key, jwt_key, jwt_pkcs8 })
    }

    pub(super) fn kept(&self) -> KeptRoot {
        KeptRoot {
            times: self.times,
            certificate: STANDARD.encode(&self.certificate),
            key: STANDARD.encode(self.key.serialized_der()),
            jwt_key: STANDARD.encode(&self.jwt_pkcs8),
        }
    }

    pub(super) fn read(kept: &KeptRoot, domain: &TrustDomain) -> Result<Root, CryptoError> {
        let bytes = |text: &str| STANDARD.decode(text).map_err(|_| CryptoError("it is no base64".to_owned()));
        let pkcs8 = PrivatePkcs8KeyDer::from(bytes(&kept.key)?);
        let key = KeyPair::from_pkcs8_der_and_sign_algo(&pkcs8, &PKCS_ECDSA_P256_SHA256)?;
        let certificate = CertificateDer::from(bytes(&kept.certificate)?);
        Root::of(kept.times, certificate, key, (name(domain, kept.times.number)?, bytes(&kept.jwt_key)?))
    }

    fn issuer(&self) -> Issuer<'_, &KeyPair> {
        Issuer::from_params(&self.name, &self.key)
    }

    pub(super) fn issue(&self, id: &SpiffeId, now: Moment, timings: &Timings) -> Result<Issued, CryptoError> {
        let (from, until) = validity(&self.times, now, timings.svid, timings.backdate);
        let serial = serial()?;
        let mut leaf = CertificateParams::default();
        leaf.distinguished_name = organisation(None);
        leaf.subject_alt_names = vec![uri(&id.to_string())?];
        // Said, since SPIFFE's verifiers want to read it.
        leaf.is_ca = IsCa::ExplicitNoCa;
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        leaf.use_authority_key_identifier_extension = true;
        leaf.serial_number = Some(SerialNumber::from_slice(&serial));
        (leaf.not_before, leaf.not_after) = (date(from)?, date(until)?);
        let key = KeyPair::generate()?;
        let certificate = leaf.signed_by(&key, &self.issuer())?.der().clone();
        let record = Record { id: id.clone(), root: self.times.number, serial, until };
        Ok(Issued { id: id.clone(), certificate, key: key.serialize_der(), record, made: now })
    }

    /// The list of these certificates of this root as revoked, in DER.
    pub(super) fn revoke<'a>(
        &self,
        records: impl Iterator<Item = &'a Record>,
        (now, number): (Moment, u64),
    ) -> Result<Option<Vec<u8>>, CryptoError> {
        let this_update = date(now.whole_second())?;
        let revoked = |record: &Record| RevokedCertParams {
            serial_number: SerialNumber::from_slice(&record.serial),
            revocation_time: this_update,
            reason_code: None,
            invalidity_date: None,
        };
        let revoked_certs: Vec<_> = records.filter(|record| record.root == self.times.number).map(revoked).collect();
        if revoked_certs.is_empty() || now >= self.times.until {
            return Ok(None);
        }
        let list = CertificateRevocationListParams {
            this_update,
            next_update: date(self.times.until.plus(std::time::Duration::from_secs(1)))?,
            crl_number: SerialNumber::from_slice(&number.to_be_bytes()),
            issuing_distribution_point: None,
            revoked_certs,
            key_identifier_method: KeyIdMethod::Sha256,
        };
        Ok(Some(list.signed_by(&self.issuer())?.der().to_vec()))
    }

    /// A JWT-SVID.
    pub(super) fn token(
        &self,
        id: &SpiffeId,
        audience: &[String],
        now: Moment,
        timings: &Timings,
    ) -> Result<String, CryptoError> {
        let (_, until) = validity(&self.times, now, timings.jwt, timings.backdate);
        let unsigned = jwt::unsigned(&self.kid, id, audience, now, until.since(now.whole_second()));
        let signature = self.jwt_key.sign(&SystemRandom::new(), unsigned.as_bytes());
        let signature = signature.map_err(|_| CryptoError("no token could be signed".to_owned()))?;
        Ok(jwt::signed(&unsigned, signature.as_ref()))
    }

    pub(super) fn certificate_key(&self) -> serde_json::Value {
        p256_key(self.key.public_key_raw(), None)
    }

    pub(super) fn jwt_key(&self) -> serde_json::Value {
        p256_key(self.jwt_key.public_key().as_ref(), Some(&self.kid))
    }
}

fn organisation(common_name: Option<String>) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, ORGANISATION);
    if let Some(common_name) = common_name {
        name.push(DnType::CommonName, common_name);
    }
    name
}

fn name(domain: &TrustDomain, number: u64) -> Result<CertificateParams, CryptoError> {
    let mut name = CertificateParams::default();
    // With its number: a list of revoked certificates finds its root by name.
    name.distinguished_name = organisation(Some(format!("{domain} root {number}")));
    name.subject_alt_names = vec![uri(&domain.id().to_string())?];
    name.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    name.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(name)
}

fn uri(text: &str) -> Result<SanType, CryptoError> {
    Ok(SanType::URI(text.try_into()?))
}

fn date(moment: Moment) -> Result<OffsetDateTime, CryptoError> {
    let seconds = i64::try_from(moment.as_secs()).unwrap_or(i64::MAX);
    OffsetDateTime::from_unix_timestamp(seconds).map_err(|_| CryptoError("a date is out of range".to_owned()))
}

fn serial() -> Result<[u8; 16], CryptoError> {
    let mut serial = [0; 16];
    getrandom::fill(&mut serial).map_err(|_| CryptoError("this machine has no randomness to give".to_owned()))?;
    // Positive, and of the same length whatever it is.
    serial[0] = serial[0] & 0x7f | 0x40;
    Ok(serial)
}
