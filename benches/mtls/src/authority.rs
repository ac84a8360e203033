//! Where identities come from.

use crate::{AGENT, CALLER, DOMAIN, Failed, PYTHON, source};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use duologue_identity::{Authority, AuthorityConfig, Entry, Executable, Order};
use spiffe::WorkloadApiClient;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use tokio::io::AsyncReadExt as _;

/// Characters of a line of PEM.
const LINE: usize = 64;

pub(crate) async fn run(folder: PathBuf) -> Result<(), Failed> {
    let mut config = AuthorityConfig::new(folder.join("authority"), DOMAIN.parse()?);
    config.own_program = false;
    let authority = Authority::start(config).await?;
    let path = std::env::current_exe()?.canonicalize()?.to_string_lossy().into_owned();
    let uid = rustix::process::geteuid().as_raw();
    for id in [AGENT, CALLER, PYTHON] {
        let executable = Executable { path: path.clone(), sha256: None };
        authority.perform(Order::AddEntry(Entry { spiffe_id: id.parse()?, uid, executable })).await?;
    }
    write_files(&authority, &folder).await?;
    println!("{}", authority.socket());
    tokio::io::stdin().read_to_end(&mut Vec::new()).await?;
    Ok(())
}

/// Python's identity, as its TLS takes it. The keys of our own sources are nobody's to see, so a client by others fetches it.
async fn write_files(authority: &Authority, folder: &Path) -> Result<(), Failed> {
    let socket = authority.socket();
    let own = source(socket, PYTHON).await?;
    let client = WorkloadApiClient::connect_to(socket.to_string()).await?;
    let all = client.fetch_all_x509_svids().await?;
    let svid = all.iter().find(|svid| svid.spiffe_id().to_string() == PYTHON);
    let svid = svid.ok_or("the authority gave Python no identity")?;
    let chain: String = svid.cert_chain().iter().map(|one| pem("CERTIFICATE", one.as_bytes())).collect();
    let trust = own.trust();
    let roots: String =
        trust.bundles().flat_map(|(_, roots)| roots).map(|root| pem("CERTIFICATE", root.as_ref())).collect();
    write(&folder.join("python.pem"), &chain)?;
    write(&folder.join("python.key"), &pem("PRIVATE KEY", svid.private_key().as_bytes()))?;
    write(&folder.join("bundle.pem"), &roots)
}

/// A file that its user alone may read.
fn write(path: &Path, text: &str) -> Result<(), Failed> {
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    Ok(file.write_all(text.as_bytes())?)
}

fn pem(what: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> =
        (0..text.len()).step_by(LINE).filter_map(|at| text.get(at..text.len().min(at + LINE))).collect();
    format!("-----BEGIN {what}-----\n{}\n-----END {what}-----\n", lines.join("\n"))
}
