//! Removing: all of it, nothing else, and to the end.

use crate::made_up::{contents, conversation, write};
use duologue_conversation::{Archive, ArchiveError, Prune, Reason, Retention, names};
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

const NOW: &str = "2026-01-01T00:00:00Z";

#[test]
fn what_was_begun_is_finished_by_the_next_look() {
    // However many files were removed when the process was killed.
    for removed in 0..7 {
        let home = tempfile::tempdir().unwrap();
        let folder = conversation(home.path(), "c-1", NOW);
        fs::rename(folder.join(names::SUMMARY), folder.join(".removing.json")).unwrap();
        let mut files: Vec<_> = contents(&folder).into_iter().map(|(path, _)| path).collect();
        files.retain(|path| !path.ends_with(".removing.json"));
        files.iter().take(removed).for_each(|path| fs::remove_file(path).unwrap());
        assert!(Archive::new(home.path()).list().is_empty(), "after {removed}");
        assert!(!folder.exists(), "after {removed}");
    }
}

#[test]
fn one_that_is_kept_elsewhere_is_removed_to_the_end_too() {
    for step in 0..4 {
        let (home, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let folder = other.path().join("call");
        write(&folder, "c-1", NOW);
        let archive = Archive::new(home.path());
        archive.note("c-1", &folder).unwrap();
        let place = home.path().join("conversations/c-1");
        fs::rename(place.join("elsewhere.json"), place.join(".removing.json")).unwrap();
        if step > 0 {
            fs::rename(folder.join(names::SUMMARY), folder.join(".removing.json")).unwrap();
        }
        if step > 1 {
            fs::remove_file(folder.join(names::STEREO)).unwrap();
        }
        if step > 2 {
            // Everything was removed, and somebody else's conversation is there now.
            fs::remove_dir_all(&folder).unwrap();
            write(&folder, "c-2", NOW);
        }
        assert!(archive.list().is_empty());
        assert_eq!(folder.exists(), step > 2, "{step}");
        assert!(!place.exists(), "{step}");
    }
}

#[test]
fn a_folder_whose_conversation_was_being_removed_can_be_used_again() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "c-1", NOW);
    fs::rename(dir.path().join(names::SUMMARY), dir.path().join(".removing.json")).unwrap();
    duologue_conversation::prepare_folder(dir.path()).unwrap();
    assert_eq!(contents(dir.path()), []);
}

#[test]
fn broken_folders_can_be_removed() {
    let home = tempfile::tempdir().unwrap();
    let archive = Archive::new(home.path());
    for (id, name) in [("c-1", names::SUMMARY), ("c-2", names::TRANSCRIPT)] {
        fs::write(conversation(home.path(), id, NOW).join(name), "{ torn").unwrap();
    }
    fs::remove_file(conversation(home.path(), "c-3", NOW).join(names::SUMMARY)).unwrap();
    assert_eq!(archive.kept().len(), 3);
    ["c-1", "c-2", "c-3"].iter().for_each(|id| drop(archive.delete(id).unwrap()));
    assert_eq!(contents(home.path()), []);
}

#[cfg(unix)]
#[test]
fn nothing_is_removed_through_links_or_from_foreign_folders() {
    let (home, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let archive = Archive::new(home.path());
    write(&other.path().join("call"), "c-1", NOW);
    fs::create_dir_all(home.path().join("conversations")).unwrap();
    std::os::unix::fs::symlink(other.path().join("call"), home.path().join("conversations/c-1")).unwrap();
    let before = contents(other.path());
    assert!(matches!(archive.delete("c-1"), Err(ArchiveError::Link { .. })));
    assert_eq!(prune(home.path(), Retention { keep_last: Some(0), ..Retention::default() }), []);
    assert_eq!(contents(other.path()), before);

    // A summary that names files elsewhere, and a file that is a link.
    let folder = conversation(home.path(), "c-2", NOW);
    let text = fs::read_to_string(folder.join(names::SUMMARY)).unwrap();
    let evil = text.replace("\"report\":\"report.html\"", "\"report\":\"../../precious\",\"stereo\":\"/etc/hostname\"");
    assert_ne!(evil, text);
    fs::write(folder.join(names::SUMMARY), evil).unwrap();
    fs::write(home.path().join("precious"), "mine").unwrap();
    fs::remove_file(folder.join(names::STEREO)).unwrap();
    std::os::unix::fs::symlink(home.path().join("precious"), folder.join(names::STEREO)).unwrap();
    fs::write(folder.join("notes.txt"), "mine too").unwrap();
    archive.delete("c-2").unwrap();
    assert_eq!(fs::read(home.path().join("precious")).unwrap(), b"mine");
    assert_eq!(contents(&folder), [(folder.join("notes.txt"), b"mine too".to_vec())], "somebody else's stays");

    // A folder with a `summary.json` that is something else.
    let foreign = tempfile::tempdir().unwrap();
    fs::write(foreign.path().join(names::SUMMARY), "{\"title\": \"my own\"}").unwrap();
    assert!(archive.delete(foreign.path().to_str().unwrap()).is_err());
    assert!(foreign.path().join(names::SUMMARY).is_file());
}

#[test]
fn pinned_ones_stay_until_they_are_unpinned() {
    let home = tempfile::tempdir().unwrap();
    let archive = Archive::new(home.path());
    let folder = conversation(home.path(), "c-1", NOW);
    archive.pin("c-1", true).unwrap();
    archive.pin("c-1", true).unwrap();
    let error = archive.delete("c-1").unwrap_err().to_string();
    assert!(error.contains("unpin c-1"), "{error}");
    assert_eq!(prune(home.path(), Retention { keep_last: Some(0), ..Retention::default() }), []);
    archive.pin("c-1", false).unwrap();
    archive.pin("c-1", false).unwrap();
    archive.delete("c-1").unwrap();
    assert!(!folder.exists());
}

/// What the rules remove by the first of February.
fn prune(home: &Path, rules: Retention) -> Vec<(String, Reason)> {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_769_904_000);
    let done = Archive::new(home).prune(&Prune { rules, now, spare: Some("c-spare"), is_dry: false });
    assert!(done.failed.is_empty(), "{:?}", done.failed);
    done.removed.into_iter().map(|(kept, reason)| (kept.id, reason)).collect()
}

#[test]
fn rules_remove_what_is_old_and_nothing_that_is_used() {
    let home = tempfile::tempdir().unwrap();
    conversation(home.path(), "c-old", "2025-12-01T00:00:00Z");
    conversation(home.path(), "c-spare", "2025-12-01T00:00:00Z");
    conversation(home.path(), "c-new", "2026-01-30T00:00:00Z");
    let running = conversation(home.path(), "c-running", "2025-12-01T00:00:00Z");
    let held = fs::File::open(running.join(names::EVENTS)).unwrap();
    held.lock().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    write(&elsewhere.path().join("call"), "c-elsewhere", "2025-12-01T00:00:00Z");
    Archive::new(home.path()).note("c-elsewhere", &elsewhere.path().join("call")).unwrap();
    let rules = Retention { older_than: Some(Duration::from_secs(30 * 86_400)), ..Retention::default() };
    assert_eq!(prune(home.path(), rules), [("c-old".to_owned(), Reason::Age)]);
    assert!(elsewhere.path().join("call/summary.json").is_file());
    let ids: Vec<String> = Archive::new(home.path()).kept().into_iter().map(|k| k.id).collect();
    assert_eq!(ids, ["c-elsewhere", "c-new", "c-running", "c-spare"]);
    let all = Retention { max_bytes: Some(0), ..Retention::default() };
    assert_eq!(prune(home.path(), all), [("c-new".to_owned(), Reason::Size)]);
}

/// The moment between the two renames of a restore that replaces.
#[test]
fn what_was_being_replaced_comes_back() {
    let home = tempfile::tempdir().unwrap();
    let folder = conversation(home.path(), "c-1", NOW);
    let before = contents(&folder);
    let staging = home.path().join("conversations/.restoring-1-1");
    fs::create_dir_all(staging.join("old")).unwrap();
    fs::create_dir_all(staging.join("new/c-1")).unwrap();
    fs::write(home.path().join("conversations/.restoring-1-1.lock"), "").unwrap();
    fs::rename(&folder, staging.join("old/c-1")).unwrap();
    let held = fs::File::open(home.path().join("conversations/.restoring-1-1.lock")).unwrap();
    held.lock().unwrap();
    assert!(Archive::new(home.path()).list().is_empty(), "its process is at it");
    drop(held);
    assert_eq!(Archive::new(home.path()).kept().len(), 1);
    assert_eq!(contents(&folder), before);
    assert_eq!(fs::read_dir(home.path().join("conversations")).unwrap().count(), 1);
}
