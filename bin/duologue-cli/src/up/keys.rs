//! Secrets that a platform makes for itself, kept in the data directory for its owner alone.

use duologue_agents::{KeptError, KeyPair, ROOMS_KEY, read_kept, rooms_key};
use duologue_api::{NoRandomness, digest, fresh_secret};
use duologue_ids::Redacted;
use serde_json::{Value, json};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

const FOLDER: &str = "keys";
const ADMIN: &str = "admin.json";

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeysError {
    #[error(
        "cannot keep keys in {path}: {source}\n  help: check the folder's owner, or choose another data directory with --home"
    )]
    Write { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Kept(#[from] KeptError),
    #[error(transparent)]
    Random(#[from] NoRandomness),
}

/// The development key pair of this data directory, made at first use; and where it is kept.
pub(crate) fn rooms(home: &Path) -> Result<(KeyPair, PathBuf), KeysError> {
    let path = home.join(ROOMS_KEY);
    if let Some(pair) = rooms_key(home)? {
        return Ok((pair, path));
    }
    let secret = fresh_secret()?;
    let pair = KeyPair { key: format!("dev{}", &fresh_secret()?.expose()[..9]), secret };
    let what = "made by `duologue up` for development: whoever has it may do everything in its rooms";
    write(&path, &json!({ "key": pair.key, "secret": pair.secret.expose(), "about": what }))?;
    Ok((pair, path))
}

/// The digest of the admin token of this data directory, made at first use or anew; and the token where it was made now.
pub(crate) fn admin(home: &Path, renew: bool) -> Result<(String, Option<Redacted<String>>), KeysError> {
    let path = home.join(FOLDER).join(ADMIN);
    let kept = if renew { None } else { read_kept(&path)? };
    if let Some(kept) = kept {
        let digest = kept["sha256"].as_str().filter(|digest| digest.len() == 64);
        return digest.map(|digest| (digest.to_owned(), None)).ok_or(KeptError::Broken(path).into());
    }
    let token = fresh_secret()?;
    let digest = digest(token.expose());
    write(&path, &json!({ "sha256": digest, "about": "of the admin token, which is kept nowhere" }))?;
    Ok((digest, Some(token)))
}

/// Beside it first, then renamed over it: whoever looks finds all of it or nothing.
fn write(path: &Path, value: &Value) -> Result<(), KeysError> {
    let beside = path.with_extension("part");
    let written = || -> io::Result<()> {
        if let Some(folder) = path.parent() {
            let mut builder = std::fs::DirBuilder::new();
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            builder.recursive(true).create(folder)?;
        }
        drop(std::fs::remove_file(&beside));
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&beside)?;
        file.write_all(&serde_json::to_vec_pretty(value)?)?;
        file.sync_all()?;
        std::fs::rename(&beside, path)
    };
    written().map_err(|source| KeysError::Write { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_made_once_and_for_their_owner_alone() {
        let home = tempfile::tempdir().unwrap();
        let (made, path) = rooms(home.path()).unwrap();
        let (again, _) = rooms(home.path()).unwrap();
        assert_eq!((made.key, made.secret.expose()), (again.key, again.secret.expose()));
        assert!(made.secret.expose().len() >= 32);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
            assert!(rooms(home.path()).unwrap_err().to_string().contains("chmod 600"));
        }
    }

    #[test]
    fn the_admin_token_is_kept_nowhere() {
        let home = tempfile::tempdir().unwrap();
        let (first, token) = admin(home.path(), false).unwrap();
        let token = token.unwrap();
        assert_eq!(digest(token.expose()), first);
        let kept = std::fs::read_to_string(home.path().join(FOLDER).join(ADMIN)).unwrap();
        assert!(!kept.contains(token.expose().as_str()));
        let (same, none) = admin(home.path(), false).unwrap();
        assert!(same == first && none.is_none());
        let (other, renewed) = admin(home.path(), true).unwrap();
        assert!(other != first && renewed.is_some());
    }
}
