use clap::Args;

/// Start the whole platform.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  duologue up
  duologue up --port 9000 --home /srv/duologue
  LIVEKIT_URL=wss://rooms.example.org duologue up
  duologue up --bind 0.0.0.0 --tls-cert cert.pem --tls-key key.pem

It runs until Ctrl-C or SIGTERM. Without --bind it can be reached from this machine alone, and asks for no login. With --json
it prints one line once all is ready: the addresses of everything that it serves.")]
pub(crate) struct UpArgs {
    /// Port of page and API; 0 takes any that is free [env: PORT] [default: 8000].
    #[arg(long, value_name = "PORT")]
    pub(crate) port: Option<String>,
    /// Address to listen on; others than loopback need TLS [env: DUOLOGUE_BIND] [default: 127.0.0.1].
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) bind: Option<String>,
    /// Certificate with its chain, a PEM file [env: DUOLOGUE_TLS_CERT].
    #[arg(long, value_name = "FILE")]
    pub(crate) tls_cert: Option<String>,
    /// Private key of the certificate, a PEM file [env: DUOLOGUE_TLS_KEY].
    #[arg(long, value_name = "FILE")]
    pub(crate) tls_key: Option<String>,
    /// Port of the rooms' signalling (TCP); 0 takes any that is free [env: DUOLOGUE_ROOMS_PORT] [default: 7880].
    #[arg(long, value_name = "PORT")]
    pub(crate) rooms_port: Option<String>,
    /// Port of the rooms' media (UDP); 0 takes any that is free [env: DUOLOGUE_MEDIA_PORT] [default: 7882].
    #[arg(long, value_name = "PORT")]
    pub(crate) media_port: Option<String>,
    /// Run no agent in this process.
    #[arg(long)]
    pub(crate) no_agents: bool,
    /// Make another admin token; the one before it no longer holds.
    #[arg(long)]
    pub(crate) new_admin_token: bool,
}

impl UpArgs {
    /// The settings that it overrides: key, flag, value.
    pub(crate) fn flags(&self) -> Vec<(&'static str, &'static str, String)> {
        let flags = [
            ("server.port", "--port", &self.port),
            ("server.bind", "--bind", &self.bind),
            ("server.tls_cert", "--tls-cert", &self.tls_cert),
            ("server.tls_key", "--tls-key", &self.tls_key),
            ("rooms.port", "--rooms-port", &self.rooms_port),
            ("rooms.media_port", "--media-port", &self.media_port),
        ];
        flags.into_iter().filter_map(|(key, flag, value)| Some((key, flag, value.clone()?))).collect()
    }
}
