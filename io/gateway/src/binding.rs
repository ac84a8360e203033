use std::fmt;

/// A way to carry calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Binding {
    /// JSON-RPC 2.0 over HTTP.
    JsonRpc,
    /// HTTP+JSON.
    Http,
    /// gRPC.
    Grpc,
}

impl Binding {
    /// Its name in cards (specification 1.0.1 §5.8).
    pub const fn as_str(self) -> &'static str {
        match self {
            Binding::JsonRpc => "JSONRPC",
            Binding::Http => "HTTP+JSON",
            Binding::Grpc => "GRPC",
        }
    }

    /// That of this name.
    pub fn named(name: &str) -> Option<Binding> {
        [Binding::JsonRpc, Binding::Http, Binding::Grpc].into_iter().find(|one| one.as_str().eq_ignore_ascii_case(name))
    }
}

impl fmt::Display for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
