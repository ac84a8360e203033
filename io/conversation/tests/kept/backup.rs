//! Backups and the way back: whole, or told by name; never anything else.

use crate::made_up::{conversation, relative, write};
use duologue_conversation::{Archive, RestoreError, Step, names, restore, write_backup};
use proptest::prelude::*;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

const NOW: &str = "2026-01-01T00:00:00Z";

fn back_up(home: &Path, name: &str) -> PathBuf {
    let to = home.join(name);
    write_backup(&Archive::new(home), &to, NOW, &mut |_| {}).unwrap();
    to
}

fn bring_back(home: &Path, file: &Path, force: bool) -> Result<duologue_conversation::Restored, RestoreError> {
    restore(&Archive::new(home), file, force, &mut |_| {})
}

fn three(home: &Path) {
    ["c-1", "c-2", "c-3"].iter().for_each(|id| drop(conversation(home, id, NOW)));
}

#[test]
fn what_is_restored_is_what_was_kept() {
    for name in ["b.tar.gz", "b.tar.zst", "b.tgz"] {
        let (home, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        three(home.path());
        let elsewhere = home.path().join("elsewhere");
        write(&elsewhere, "c-4", NOW);
        let archive = Archive::new(home.path());
        archive.note("c-4", &elsewhere).unwrap();
        archive.pin("c-2", true).unwrap();
        let kept = home.path().join("conversations");
        fs::write(kept.join("c-1/.env"), "OPENAI_API_KEY=sk-secret").unwrap();
        fs::write(home.path().join("duologue.yaml"), "openai: {api_key: sk-secret}").unwrap();
        let mut steps = Vec::new();
        let to = home.path().join(name);
        let backup = write_backup(&archive, &to, NOW, &mut |step: Step| steps.push(step)).unwrap();
        assert_eq!(backup.manifest.conversations.len(), 4);
        assert_eq!(steps.last().map(|s| s.done), steps.last().map(|s| s.of), "it ends at the end");
        assert!(!home.path().join(format!("{name}.part")).exists());
        let restored = bring_back(other.path(), &to, false).unwrap();
        assert_eq!(restored.restored, ["c-1", "c-2", "c-3", "c-4"]);
        let there = other.path().join("conversations");
        fs::remove_file(kept.join("c-1/.env")).unwrap();
        for id in ["c-1", "c-2", "c-3"] {
            assert_eq!(relative(&there.join(id)), relative(&kept.join(id)));
        }
        assert_eq!(relative(&there.join("c-4")), relative(&elsewhere));
        assert!(there.join("c-2").join(names::PINNED).is_file());
        assert_eq!(fs::read_dir(&there).unwrap().count(), 4, "nothing is left beside them");
        assert_eq!(bring_back(other.path(), &to, false).unwrap().same.len(), 4, "again");
    }
}

#[test]
fn what_differs_stays_unless_forced() {
    let home = tempfile::tempdir().unwrap();
    three(home.path());
    let file = back_up(home.path(), "b.tar.zst");
    let report = home.path().join("conversations/c-2/report.html");
    fs::write(&report, "mine").unwrap();
    Archive::new(home.path()).delete("c-3").unwrap();
    let done = bring_back(home.path(), &file, false).unwrap();
    assert_eq!(
        (done.restored, done.same, done.different),
        (vec!["c-3".into()], vec!["c-1".into()], vec!["c-2".into()])
    );
    assert_eq!(fs::read(&report).unwrap(), b"mine");
    // Somebody else's file is never lost, and a link never followed.
    fs::write(report.with_file_name("notes.txt"), "mine too").unwrap();
    assert_eq!(bring_back(home.path(), &file, true).unwrap().untouched, ["c-2"]);
    fs::remove_file(report.with_file_name("notes.txt")).unwrap();
    assert_eq!(bring_back(home.path(), &file, true).unwrap().restored, ["c-2"]);
    assert_eq!(fs::read(&report).unwrap(), b"<p>c-2</p>");
    let held = fs::File::open(home.path().join("conversations/c-1/events.jsonl")).unwrap();
    held.lock().unwrap();
    fs::write(home.path().join("conversations/c-1/report.html"), "growing").unwrap();
    let done = bring_back(home.path(), &file, true).unwrap();
    assert_eq!(done.untouched, ["c-1"], "it goes on");
}

#[test]
fn one_that_goes_on_is_copied_as_far_as_it_is() {
    let (home, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let folder = conversation(home.path(), "c-1", NOW);
    let text = fs::read_to_string(folder.join(names::SUMMARY)).unwrap();
    fs::write(folder.join(names::SUMMARY), text.replace("\"ended\"", "\"running\"")).unwrap();
    let held = fs::File::open(folder.join(names::EVENTS)).unwrap();
    held.lock().unwrap();
    let file = home.path().join("b.tar.gz");
    let backup = write_backup(&Archive::new(home.path()), &file, NOW, &mut |_| {}).unwrap();
    assert!(backup.manifest.conversations[0].running);
    bring_back(other.path(), &file, false).unwrap();
    let (_, summary, _) = Archive::new(other.path()).open("c-1").unwrap();
    assert_eq!(summary.status, duologue_conversation::Status::CutOff, "its copy does not go on");
}

#[test]
fn a_name_that_is_taken_or_says_nothing_is_refused() {
    let home = tempfile::tempdir().unwrap();
    three(home.path());
    fs::write(home.path().join("b.tar.gz"), "mine").unwrap();
    let to = |name: &str| write_backup(&Archive::new(home.path()), &home.path().join(name), NOW, &mut |_| {});
    assert!(to("b.tar.gz").unwrap_err().to_string().contains("is there already"));
    assert_eq!(fs::read(home.path().join("b.tar.gz")).unwrap(), b"mine");
    assert!(to("b.zip").unwrap_err().to_string().contains("FILE.tar.gz"));
    let error = to("no/b.tar.gz").unwrap_err().to_string();
    assert!(error.contains("no/b.tar.gz") && error.contains("help:"), "{error}");
}

#[test]
fn a_backup_that_is_cut_off_or_changed_is_told_and_restores_nothing() {
    let home = tempfile::tempdir().unwrap();
    three(home.path());
    for name in ["b.tar.gz", "b.tar.zst"] {
        let file = back_up(home.path(), name);
        let whole = fs::read(&file).unwrap();
        let refused = |bytes: &[u8]| {
            fs::write(&file, bytes).unwrap();
            let other = tempfile::tempdir().unwrap();
            let error = bring_back(other.path(), &file, true).unwrap_err();
            assert_eq!(relative(other.path()), [], "{error}");
            assert!(error.to_string().contains(name) && error.to_string().contains("help:"), "{error}");
            error
        };
        for eighth in 0..8 {
            let error = refused(&whole[..whole.len() * eighth / 8]);
            assert!(matches!(error, RestoreError::Truncated { .. }), "{name}, {eighth}/8: {error}");
        }
        assert!(matches!(refused(&whole[..whole.len() - 1]), RestoreError::Truncated { .. }));
        for eighth in 1..8 {
            let mut changed = whole.clone();
            changed[whole.len() * eighth / 8] ^= 1;
            let error = refused(&changed);
            assert!(matches!(error, RestoreError::Altered { .. }), "{name}, {eighth}/8: {error}");
        }
        assert!(matches!(refused(b"PK\x03\x04 something else entirely"), RestoreError::NoBackup { .. }));
    }
}

/// A plain tar file with these entries: path, type, content.
fn tar_of(entries: &[(&[u8], tar::EntryType, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, kind, content) in entries {
        let mut header = tar::Header::new_ustar();
        header.as_mut_bytes()[..path.len()].copy_from_slice(path);
        header.set_size(content.len() as u64);
        header.set_entry_type(*kind);
        if *kind == tar::EntryType::Symlink {
            header.set_link_name("/etc/passwd").unwrap();
        }
        header.set_cksum();
        builder.append(&header, *content).unwrap();
    }
    builder.into_inner().unwrap()
}

fn manifest(conversations: &str) -> Vec<u8> {
    let rest = r#""format": "duologue-backup", "version": 1, "created_at": "", "duologue": """#;
    format!("{{{rest}, \"conversations\": [{conversations}]}}").into_bytes()
}

#[test]
fn nothing_is_written_outside_the_archive() {
    use tar::EntryType::{Directory, GNULongName, Link, Regular, Symlink};
    let outer = tempfile::tempdir().unwrap();
    let home = outer.path().join("home");
    conversation(&home, "c-1", NOW);
    let before = relative(outer.path());
    let empty = manifest("");
    for (path, kind) in [
        (&b"../../evil"[..], Regular),
        (b"/tmp/duologue-evil", Regular),
        (b"conversations/../report.html", Regular),
        (b"conversations/c-9/../../report.html", Regular),
        (b"conversations/c-9/evil.sh", Regular),
        (b"conversations/.restoring-1/report.html", Regular),
        (b"conversations/c-9/report.html", Symlink),
        (b"conversations/c-9/report.html", Link),
        (b"conversations/c-9", Directory),
        (b"conversations/c-9/report.html/x", Regular),
        (b"conversations//report.html", Regular),
        (b"conversations/\xff/report.html", Regular),
        (b"././@LongLink", GNULongName),
    ] {
        let file = outer.path().join("evil.tar");
        fs::write(&file, tar_of(&[(path, kind, b""), (b"manifest.json", Regular, &empty)])).unwrap();
        let error = bring_back(&home, &file, true).unwrap_err();
        assert!(matches!(error, RestoreError::Unsafe { .. }), "{:?}: {error}", String::from_utf8_lossy(path));
        fs::remove_file(&file).unwrap();
        assert_eq!(relative(outer.path()), before);
    }
}

#[test]
fn a_list_of_files_that_does_not_fit_is_told() {
    use tar::EntryType::Regular;
    let home = tempfile::tempdir().unwrap();
    conversation(home.path(), "c-1", NOW);
    let before = relative(home.path());
    let outside = tempfile::tempdir().unwrap();
    let file = outside.path().join("b.tar");
    let report: (&'static [u8], _, &[u8]) = (b"conversations/c-9/report.html", Regular, b"x");
    let listed = |sha: &str| {
        manifest(&format!(
            r#"{{"id": "c-9", "running": false, "files": [{{"name": "report.html", "bytes": 1, "sha256": "{sha}"}}]}}"#
        ))
    };
    let right = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881";
    type Entry = (&'static [u8], tar::EntryType, Vec<u8>);
    let cases: [(Vec<Entry>, &str); 8] = [
        (vec![(b"manifest.json", Regular, b"{}".to_vec())], "its list of files"),
        (vec![(b"manifest.json", Regular, manifest("").replace_all(b"backup\"", b"other!\""))], "of something else"),
        (
            vec![(b"manifest.json", Regular, manifest("").replace_all(b"\"version\": 1", b"\"version\": 2"))],
            "version 2",
        ),
        (vec![(b"manifest.json", Regular, listed(right))], "is missing"),
        (vec![(report.0, Regular, b"x".to_vec()), (b"manifest.json", Regular, listed("00"))], "SHA-256"),
        (vec![(report.0, Regular, b"x".to_vec()), (b"manifest.json", Regular, manifest(""))], "not in its list"),
        (vec![(report.0, Regular, b"x".to_vec()), (report.0, Regular, b"x".to_vec())], "twice"),
        (
            // A place without files must not make room for itself.
            vec![(b"manifest.json", Regular, manifest(r#"{"id": "../conversations", "running": false, "files": []}"#))],
            "no conversation",
        ),
    ];
    for (entries, told) in cases {
        let entries: Vec<_> = entries.iter().map(|(path, kind, content)| (*path, *kind, content.as_slice())).collect();
        fs::write(&file, tar_of(&entries)).unwrap();
        let error = bring_back(home.path(), &file, true).unwrap_err().to_string();
        assert!(error.contains(told), "{told}: {error}");
        assert_eq!(relative(home.path()), before);
    }
    let good = tar_of(&[report, (b"manifest.json", Regular, &listed(right))]);
    fs::write(&file, good).unwrap();
    assert_eq!(bring_back(home.path(), &file, false).unwrap().restored, ["c-9"]);
}

trait ReplaceAll {
    fn replace_all(self, from: &[u8], to: &[u8]) -> Vec<u8>;
}

impl ReplaceAll for Vec<u8> {
    fn replace_all(self, from: &[u8], to: &[u8]) -> Vec<u8> {
        String::from_utf8(self)
            .unwrap()
            .replace(str::from_utf8(from).unwrap(), str::from_utf8(to).unwrap())
            .into_bytes()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_file_is_refused_or_restored_and_nothing_else_happens(
        at in any::<prop::sample::Index>(), put in prop::collection::vec(any::<u8>(), 0..700),
    ) {
        let outer = tempfile::tempdir().unwrap();
        let (home, file) = (outer.path().join("home"), outer.path().join("b.tar"));
        let good = tar_of(&[
            (b"conversations/c-9/report.html", tar::EntryType::Regular, b"x"),
            (b"manifest.json", tar::EntryType::Regular, &manifest("")),
        ]);
        let at = at.index(good.len());
        let mut bytes = good.clone();
        let end = (at + put.len()).min(bytes.len());
        bytes[at..end].copy_from_slice(&put[..end - at]);
        fs::write(&file, bytes).unwrap();
        drop(bring_back(&home, &file, true));
        let names: Vec<_> = fs::read_dir(outer.path()).unwrap().flatten().map(|e| e.file_name()).collect();
        prop_assert!(names.iter().all(|n| n == "home" || n == "b.tar"), "{names:?}");
    }
}

/// What a process of this test program does that dies after so many steps: `backup` or `restore`, home, file, steps.
const PART: &str = "DUOLOGUE_TEST_DIES";

/// Not a test but a process of one; anywhere else it does nothing.
#[cfg(unix)]
#[test]
fn dies_where_it_is_told() {
    let Ok(part) = std::env::var(PART) else { return };
    let [what, home, file, steps]: [&str; 4] = part.split('|').collect::<Vec<_>>().try_into().unwrap();
    let mut left: usize = steps.parse().unwrap();
    let mut die = |_: Step| {
        if left == 0 {
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL).unwrap();
        }
        left -= 1;
    };
    let archive = Archive::new(Path::new(home));
    match what {
        "backup" => drop(write_backup(&archive, Path::new(file), NOW, &mut die).unwrap()),
        _ => drop(restore(&archive, Path::new(file), true, &mut die).unwrap()),
    }
}

/// Whether it ended by itself.
#[cfg(unix)]
fn run_and_kill(what: &str, home: &Path, file: &Path, steps: usize) -> bool {
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "backup::dies_where_it_is_told"]);
    command.env(PART, format!("{what}|{}|{}|{steps}", home.display(), file.display()));
    let run = command.output().unwrap();
    assert!(run.status.success() || run.status.code().is_none(), "{run:?}");
    run.status.success()
}

#[cfg(unix)]
#[test]
fn a_backup_that_is_killed_has_no_name_and_the_next_one_is_whole() {
    let home = tempfile::tempdir().unwrap();
    three(home.path());
    let before = relative(&home.path().join("conversations"));
    let file = home.path().join("b.tar.zst");
    let mut steps = 0;
    while !run_and_kill("backup", home.path(), &file, steps) {
        assert!(!file.exists(), "after {steps} steps");
        assert_eq!(relative(&home.path().join("conversations")), before);
        steps += 7;
    }
    assert!(steps > 20, "{steps}");
    let other = tempfile::tempdir().unwrap();
    assert_eq!(bring_back(other.path(), &file, false).unwrap().restored.len(), 3);
    assert!(!home.path().join("b.tar.zst.part").exists(), "what was left is used up");
}

/// Two of the three are replaced, one is new; at every moment each is there whole, as it was or as it shall be.
#[cfg(unix)]
#[test]
fn a_restore_that_is_killed_leaves_every_conversation_whole() {
    let source = tempfile::tempdir().unwrap();
    three(source.path());
    let file = back_up(source.path(), "b.tar.zst");
    let wanted = relative(&source.path().join("conversations"));
    let mut steps = 0;
    loop {
        let home = tempfile::tempdir().unwrap();
        let kept = home.path().join("conversations");
        for id in ["c-1", "c-2"] {
            fs::write(conversation(home.path(), id, NOW).join(names::REPORT), "older").unwrap();
        }
        let older = relative(&kept);
        let ended = run_and_kill("restore", home.path(), &file, steps);
        let found = Archive::new(home.path()).kept();
        for kept in &found {
            let of = |all: &[(PathBuf, Vec<u8>)]| -> Vec<(PathBuf, Vec<u8>)> {
                let mine = all.iter().filter(|(p, _)| p.starts_with(&kept.id));
                mine.map(|(p, b)| (p.strip_prefix(&kept.id).unwrap().to_owned(), b.clone())).collect()
            };
            let now = relative(&kept.folder);
            assert!(now == of(&wanted) || now == of(&older), "{} after {steps} steps", kept.id);
        }
        assert!(found.len() >= 2, "after {steps} steps");
        let hidden =
            fs::read_dir(&kept).unwrap().flatten().filter(|e| e.file_name().to_string_lossy().starts_with('.'));
        assert_eq!(hidden.count(), 0, "what was left is cleared away");
        bring_back(home.path(), &file, true).unwrap();
        assert_eq!(relative(&kept), wanted);
        if ended {
            break;
        }
        // The last steps are the renames.
        steps += if steps < 24 { 8 } else { 1 };
    }
    assert!(steps > 20, "{steps}");
}

#[test]
fn a_compressed_backup_is_smaller_where_there_is_text() {
    let home = tempfile::tempdir().unwrap();
    let folder = conversation(home.path(), "c-1", NOW);
    fs::File::create(folder.join(names::EVENTS)).unwrap().write_all(&b"{\"t\":0.1}\n".repeat(200_000)).unwrap();
    let file = back_up(home.path(), "b.tar.gz");
    let mut bytes = Vec::new();
    fs::File::open(&file).unwrap().read_to_end(&mut bytes).unwrap();
    assert!(bytes.len() < 1_000_000, "{}", bytes.len());
}
