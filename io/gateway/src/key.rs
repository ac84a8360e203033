//! The key by which others know what is ours: pushes and cards are signed with it (Ed25519, RFC 8032).
//!
//! ```
//! use duologue_gateway::key::{SigningKey, VerifyingKey};
//!
//! let key = SigningKey::generate()?;
//! let told = VerifyingKey::from_jwk(&key.jwk()).expect("its public half");
//! assert!(told.verify(b"a card", &key.sign(b"a card")));
//! assert_eq!(told.kid(), key.kid());
//! # Ok::<(), duologue_gateway::key::KeyError>(())
//! ```

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use thiserror::Error;

/// Names the algorithm in the header of a signature (RFC 8037).
pub const ALGORITHM: &str = "EdDSA";
/// Most bytes of a file with a key.
const FILE_MAX: u64 = 16 << 10;

/// Why there is no key.
#[derive(Debug, Error)]
pub enum KeyError {
    /// None could be made.
    #[error("no key could be made: this machine has no randomness to give; try again")]
    NotMade,
    /// The file cannot be used.
    #[error("the key file {} cannot be used ({what}): see that its folder exists and that this user may write there", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        what: String,
    },
    /// Others may read it.
    #[error("the key file {} can be read by others: make it this user's only (chmod 600), and if others were on this machine, remove it, so that a new one is made", path.display())]
    Exposed {
        /// Which file.
        path: PathBuf,
    },
    /// It is no such key.
    #[error("no Ed25519 key in PKCS #8 and PEM: {}", path.as_ref().map_or("give one".into(), |path| format!("mend or remove {}", path.display())))]
    NotAKey {
        /// Which file, where it is one.
        path: Option<PathBuf>,
    },
}

/// The key that signs. Clones are the same key.
#[derive(Clone)]
pub struct SigningKey {
    pair: Arc<Ed25519KeyPair>,
    public: VerifyingKey,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid()).finish_non_exhaustive()
    }
}

impl SigningKey {
    /// A new key, which ends with the process.
    ///
    /// # Errors
    /// [`KeyError::NotMade`].
    pub fn generate() -> Result<SigningKey, KeyError> {
        let pair = Ed25519KeyPair::generate().map_err(|_| KeyError::NotMade)?;
        SigningKey::of(pair).ok_or(KeyError::NotMade)
    }

    /// The key in a file (PKCS #8 in PEM, as `openssl genpkey -algorithm ed25519` writes it), which is made where there is
    /// none. Several processes may do so at once: all get the same key.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn load_or_make(path: &Path) -> Result<SigningKey, KeyError> {
        let failed = |error: io::Error| KeyError::File { path: path.to_owned(), what: error.to_string() };
        match read_private(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied && path.exists() => {
                return Err(match is_exposed(path) {
                    true => KeyError::Exposed { path: path.to_owned() },
                    false => failed(error),
                });
            }
            read => return SigningKey::from_pem(&read.map_err(failed)?, Some(path)),
        }
        let key = SigningKey::generate()?;
        let pem = key.to_pem().ok_or(KeyError::NotMade)?;
        match write_private(path, pem.as_bytes()) {
            Ok(()) => Ok(key),
            // Somebody else was faster.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                SigningKey::from_pem(&read_private(path).map_err(failed)?, Some(path))
            }
            Err(error) => Err(failed(error)),
        }
    }

    fn from_pem(pem: &[u8], path: Option<&Path>) -> Result<SigningKey, KeyError> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem).ok();
        // Without the check of a public half, which OpenSSL does not write.
        let pair = der.and_then(|der| Ed25519KeyPair::from_pkcs8_maybe_unchecked(der.secret_pkcs8_der()).ok());
        pair.and_then(SigningKey::of).ok_or_else(|| KeyError::NotAKey { path: path.map(Path::to_owned) })
    }

    fn of(pair: Ed25519KeyPair) -> Option<SigningKey> {
        let public = VerifyingKey::from_bytes(pair.public_key().as_ref())?;
        Some(SigningKey { pair: Arc::new(pair), public })
    }

    fn to_pem(&self) -> Option<String> {
        let der = self.pair.to_pkcs8v1().ok()?;
        Some(format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der.as_ref())))
    }

    /// Signs; 64 bytes.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(message).as_ref().to_vec()
    }

    /// The key's name: its thumbprint (RFC 7638).
    pub fn kid(&self) -> &str {
        &self.public.kid
    }

    /// The public half.
    pub fn verifying(&self) -> VerifyingKey {
        self.public.clone()
    }

    /// The public half for others to read ([`VerifyingKey::jwk`]).
    pub fn jwk(&self) -> Value {
        self.public.jwk()
    }
}

/// The public half of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyingKey {
    bytes: [u8; 32],
    kid: String,
}

impl VerifyingKey {
    /// The key of these 32 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<VerifyingKey> {
        let bytes: [u8; 32] = bytes.try_into().ok()?;
        let x = URL_SAFE_NO_PAD.encode(bytes);
        let thumbprint = digest(&SHA256, format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#).as_bytes());
        Some(VerifyingKey { bytes, kid: URL_SAFE_NO_PAD.encode(thumbprint.as_ref()) })
    }

    /// The key in a JSON Web Key (RFC 7517, RFC 8037); none where it is another sort of key. It keeps the name that it has there.
    pub fn from_jwk(jwk: &Value) -> Option<VerifyingKey> {
        let member = |name: &str| jwk.get(name).and_then(Value::as_str);
        if (member("kty"), member("crv")) != (Some("OKP"), Some("Ed25519")) {
            return None;
        }
        let key = VerifyingKey::from_bytes(&URL_SAFE_NO_PAD.decode(member("x")?).ok()?)?;
        let kid = member("kid").map_or_else(|| key.kid.clone(), str::to_owned);
        Some(VerifyingKey { kid, ..key })
    }

    /// The keys in a JSON Web Key Set; those of other sorts are passed over.
    pub fn from_jwks(document: &Value) -> Vec<VerifyingKey> {
        let keys = document.get("keys").and_then(Value::as_array);
        keys.into_iter().flatten().filter_map(VerifyingKey::from_jwk).collect()
    }

    /// Whether the signature is by this key.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.bytes).verify(message, signature).is_ok()
    }

    /// The key's name.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The key as a JSON Web Key.
    pub fn jwk(&self) -> Value {
        let x = URL_SAFE_NO_PAD.encode(self.bytes);
        json!({"kty": "OKP", "crv": "Ed25519", "x": x, "kid": self.kid, "alg": ALGORITHM, "use": "sig"})
    }
}

/// The document under which keys are published (RFC 7517 §5).
pub fn jwks(keys: &[VerifyingKey]) -> Value {
    json!({"keys": keys.iter().map(VerifyingKey::jwk).collect::<Vec<_>>()})
}

#[cfg(unix)]
fn is_exposed(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|file| file.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_exposed(_path: &Path) -> bool {
    false
}

/// Refuses, as a denial, what others can read.
fn read_private(path: &Path) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    if is_exposed(path) {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    let mut pem = Vec::new();
    file.take(FILE_MAX).read_to_end(&mut pem)?;
    Ok(pem)
}

/// The file has its name once it is whole and on the disk; an error where the name is taken.
fn write_private(path: &Path, contents: &[u8]) -> io::Result<()> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let mut part = name.to_owned();
    part.push(format!(".{}.part", std::process::id()));
    let part = path.with_file_name(part);
    let _ = fs::remove_file(&part);
    let mut making = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut making, 0o600);
    let mut write = || {
        let mut file = making.write(true).create_new(true).open(&part)?;
        file.write_all(contents)?;
        file.sync_all()?;
        // A link fails where the name is taken; a rename would replace what is there.
        fs::hard_link(&part, path)
    };
    let written = write();
    let _ = fs::remove_file(&part);
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_rfc_8037_has_its_name() {
        let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        let key = VerifyingKey::from_jwk(&json!({"kty": "OKP", "crv": "Ed25519", "x": x})).expect("a key");
        assert_eq!(key.kid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        let signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
        let signed = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
        let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64");
        assert!(key.verify(signed, &signature));
        assert!(!key.verify(b"something else", &signature) && !key.verify(signed, b""));
    }

    #[test]
    fn a_file_holds_one_key_for_its_user_only() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key.pem");
        let made = SigningKey::load_or_make(&path).expect("a key");
        assert!(!is_exposed(&path));
        let again = SigningKey::load_or_make(&path).expect("the key");
        assert_eq!(made.kid(), again.kid());
        assert!(made.verifying().verify(b"x", &again.sign(b"x")));
        assert_eq!(fs::read_dir(folder.path()).expect("read").count(), 1, "nothing else is left");
        fs::write(&path, "no key").expect("written");
        assert!(matches!(SigningKey::load_or_make(&path), Err(KeyError::NotAKey { .. })));
        let nowhere = SigningKey::load_or_make(&folder.path().join("none/key.pem")).expect_err("no folder");
        assert!(matches!(nowhere, KeyError::File { .. }), "{nowhere}");
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key.pem");
        SigningKey::load_or_make(&path).expect("a key");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("set");
        let refused = SigningKey::load_or_make(&path).expect_err("exposed");
        assert!(matches!(refused, KeyError::Exposed { .. }) && refused.to_string().contains("chmod 600"));
    }

    #[test]
    fn a_set_has_every_key_and_other_sorts_are_passed_over() {
        let keys = [(), ()].map(|()| SigningKey::generate().expect("a key").verifying());
        let mut document = jwks(&keys);
        assert_eq!(VerifyingKey::from_jwks(&document), keys);
        let foreign =
            json!([{"kty": "RSA"}, {"kty": "OKP", "crv": "X25519", "x": ""}, 7, {"kty": "OKP", "crv": "Ed25519"}]);
        document["keys"] = foreign;
        assert_eq!(VerifyingKey::from_jwks(&document), []);
        assert!(!format!("{:?}", SigningKey::generate()).contains("pair"));
    }
}
