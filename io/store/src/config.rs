use crate::OpenError;
use std::fmt;
use std::path::PathBuf;

/// Where a store is, and who opens it.
#[derive(Clone, PartialEq, Eq)]
pub struct StoreConfig {
    /// `sqlite:PATH`, `sqlite::memory:` or a connection URI of PostgreSQL.
    pub url: String,
    /// The name of this instance's audit chain: one that stays the same when the program starts again, and that no other
    /// running program has.
    pub instance: String,
    /// Connections (PostgreSQL) or threads (SQLite) that read.
    pub readers: usize,
}

/// Without the password that the address may hold.
impl fmt::Debug for StoreConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let StoreConfig { url, instance, readers } = self;
        let mut told = f.debug_struct("StoreConfig");
        told.field("url", &without_password(url)).field("instance", instance).field("readers", readers).finish()
    }
}

impl StoreConfig {
    /// The store at `url`, with the audit chain `main`.
    pub fn new(url: impl Into<String>) -> StoreConfig {
        StoreConfig { url: url.into(), instance: "main".to_owned(), readers: 2 }
    }

    /// A store that ends with the process.
    pub fn in_memory() -> StoreConfig {
        StoreConfig::new("sqlite::memory:")
    }

    pub(crate) fn place(&self) -> Result<Place, OpenError> {
        if self.url.starts_with("postgres://") || self.url.starts_with("postgresql://") {
            return Ok(Place::Server(self.url.clone()));
        }
        match self.url.strip_prefix("sqlite:") {
            Some(":memory:") => Ok(Place::Memory),
            Some(path) if !path.is_empty() && !path.contains('\0') => {
                // `sqlite:///var/x.db` is how others write `sqlite:/var/x.db`.
                Ok(Place::File(PathBuf::from(path.strip_prefix("//").unwrap_or(path))))
            }
            _ => Err(OpenError::Url { url: without_password(&self.url) }),
        }
    }
}

/// Where a store is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Memory,
    File(PathBuf),
    Server(String),
}

/// The address for a message: what stands before the last `@` of the host's part may be a password.
pub(crate) fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let host = rest.split_once('?').map_or(rest, |(host, _)| host);
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    format!("{scheme}://{host}")
}

#[cfg(test)]
mod tests {
    use super::{Place, StoreConfig, without_password};

    #[test]
    fn addresses_are_told_apart() {
        let place = |url: &str| StoreConfig::new(url).place();
        assert_eq!(place("sqlite::memory:").ok(), Some(Place::Memory));
        assert_eq!(place("sqlite:a/b.db").ok(), Some(Place::File("a/b.db".into())));
        assert_eq!(place("sqlite:///a/b.db").ok(), Some(Place::File("/a/b.db".into())));
        assert!(matches!(place("postgres://u@h/d").ok(), Some(Place::Server(_))));
        for wrong in ["", "sqlite:", "mysql://u:p@h/d", "a.db"] {
            assert!(place(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn no_password_is_told() {
        assert_eq!(without_password("postgres://u:p@ss@h/d?password=q"), "postgres://h/d");
        assert!(!format!("{:?}", StoreConfig::new("postgres://u:secret@h/d")).contains("secret"));
        let told = StoreConfig::new("mysql://u:secret@h/d").place().err().map(|error| error.to_string());
        assert!(told.is_some_and(|told| !told.contains("secret")));
    }
}
