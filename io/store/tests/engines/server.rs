//! A PostgreSQL server of our own: in a folder of its own, reached by a socket there, and gone with this process.

use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Runs the server until the other end of standard input is closed, which happens however this process ends.
const WATCH: &str = r#"
folder=$1; shift
"$@" >"$folder/log" 2>&1 &
cat >/dev/null
kill -QUIT $(head -n 1 "$folder/data/postmaster.pid")
wait
rm -rf "$folder"
"#;

static SERVER: OnceLock<Option<Server>> = OnceLock::new();
static SCHEMAS: AtomicUsize = AtomicUsize::new(0);

struct Server {
    folder: PathBuf,
    _watch: std::process::Child,
}

/// The address of a new, empty schema; none where there is no server to start.
pub(crate) async fn schema() -> Option<String> {
    let server = SERVER.get_or_init(start).as_ref()?;
    let name = format!("test{}", SCHEMAS.fetch_add(1, Ordering::Relaxed));
    execute(&server.url(""), &format!("CREATE SCHEMA {name}")).await;
    Some(server.url(&format!("?options=-csearch_path%3D{name}&application_name={name}")))
}

/// The address of the database, where it was started.
pub(crate) fn url() -> String {
    SERVER.get().and_then(Option::as_ref).map(|server| server.url("")).unwrap_or_default()
}

/// The tables of a schema as `pg_dump` writes them, for whatever schema they are read into.
pub(crate) fn dump(schema: &str) -> String {
    let bin = programs().expect("PostgreSQL");
    let mut dump = Command::new(bin.join("pg_dump"));
    dump.args(["--inserts", "--no-owner", "--no-comments", "--schema", schema, &url()]);
    let dumped = dump.output().expect("pg_dump");
    assert!(dumped.status.success(), "{}", String::from_utf8_lossy(&dumped.stderr));
    let told = String::from_utf8(dumped.stdout).expect("text");
    let ours = |line: &&str| {
        !line.starts_with("SELECT pg_catalog.set_config")
            && !line.starts_with("CREATE SCHEMA")
            && !line.starts_with("SET ")
            && !line.starts_with("--")
            && !line.starts_with('\\')
            && !line.is_empty()
    };
    told.lines().filter(ours).map(|line| line.replace(&format!("{schema}."), "") + "\n").collect()
}

/// Does something with a connection of its own.
pub(crate) async fn execute(url: &str, sql: &str) {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.expect("a connection");
    let driving = tokio::spawn(connection);
    client.batch_execute(sql).await.expect(sql);
    drop(client);
    driving.await.expect("a driver").expect("a connection that ends well");
}

impl Server {
    fn url(&self, options: &str) -> String {
        let socket = self.folder.to_str().expect("a name").replace('/', "%2F");
        format!("postgres://postgres@{socket}/postgres{options}")
    }
}

fn start() -> Option<Server> {
    let Some(bin) = programs() else {
        let required = std::env::var_os("DUOLOGUE_TEST_POSTGRES").is_some_and(|value| value == "required");
        assert!(!required, "PostgreSQL is required here and not installed: run scripts/setup.sh --postgres");
        // Past the capture of the test's output.
        let _ =
            writeln!(std::io::stderr(), "SKIPPED: PostgreSQL is not installed: scripts/setup.sh --postgres does that");
        return None;
    };
    let folder = tempfile::Builder::new().prefix("duologue-pg").tempdir().expect("a folder").keep();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o777)).expect("a folder for another user");
    let data = folder.join("data");
    let init = [bin.join("initdb").as_os_str(), "-D".as_ref(), data.as_os_str(), "-A".as_ref(), "trust".as_ref()]
        .map(OsStr::to_owned);
    let rest = ["-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"].map(Into::into);
    let made = as_user(&folder).args(init.into_iter().chain(rest)).output().expect("initdb");
    assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
    let settings = ["listen_addresses=", "fsync=off", "max_connections=400", "unix_socket_permissions=0777"];
    let mut server = Command::new("sh");
    server.args(["-c", WATCH, "sh"]).arg(&folder).args(words(&as_user(&folder)));
    server.arg(bin.join("postgres")).arg("-D").arg(&data).arg("-k").arg(&folder);
    let watch = server.args(settings.iter().flat_map(|setting| ["-c", setting])).stdin(Stdio::piped());
    let watch = watch.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let server = Server { folder, _watch: watch.expect("a server") };
    wait(&bin, &server.folder);
    Some(server)
}

/// `pg_ctl` waits for us until connections are taken.
fn wait(bin: &Path, folder: &Path) {
    let ready = || {
        let mut ask = Command::new(bin.join("pg_isready"));
        ask.args(["-q", "-t", "1", "-h"]).arg(folder).status().is_ok_and(|status| status.success())
    };
    let begun = std::time::Instant::now();
    while !ready() {
        let log = || std::fs::read_to_string(folder.join("log")).unwrap_or_default();
        assert!(begun.elapsed().as_secs() < 60, "the server does not come up: {}", log());
        std::thread::yield_now();
    }
}

/// The newest version's programs.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path());
    let number = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = versions.filter(|path| path.join("bin/initdb").exists()).max_by_key(number);
    newest.map(|path| path.join("bin")).or_else(|| {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).find(|folder| folder.join("initdb").exists() && folder.join("postgres").exists())
    })
}

/// PostgreSQL does not run as root.
fn as_user(folder: &Path) -> Command {
    let root = std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    let mut command = Command::new(if root { "runuser" } else { "env" });
    if root {
        command.args(["-u", "postgres", "--"]);
    }
    command.current_dir(folder);
    command
}

fn words(command: &Command) -> Vec<&OsStr> {
    std::iter::once(command.get_program()).chain(command.get_args()).collect()
}
