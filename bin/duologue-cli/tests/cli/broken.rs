//! Files that people write, broken in every way, and servers that answer garbage in place of speech.

use crate::{LINES, SCENARIO, duologue, last_json, scripted};
use duologue_ids::Seed;
use serde_json::json;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

/// What a command that fails says: an error and an exit code, not a panic.
fn refusal(mut command: Command) -> String {
    let run = command.output().unwrap();
    let told = String::from_utf8_lossy(&run.stderr).into_owned();
    assert_eq!(run.status.code(), Some(1), "{command:?}: {told}");
    assert!(told.contains("error: ") && !told.contains("panicked"), "{command:?}: {told}");
    told
}

fn converse(home: &Path, more: &[&str]) -> Command {
    let mut command = duologue(home);
    command
        .args(["converse", "--in-process", "--stt", "scripted", "--llm", "scripted", "--tts", "scripted"])
        .args(more);
    command
}

/// No file of these can be a scenario, a persona or a dialogue.
fn garbage() -> Vec<(&'static str, Vec<u8>)> {
    let bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n".to_string()
        + &(b'b'..=b'i')
            .map(|c| format!("{0}: &{0} [{1}]\n", c as char, format!("*{},", (c - 1) as char).repeat(9)))
            .collect::<String>();
    vec![
        ("nothing", vec![]),
        ("blanks", b"\n\n   \n".to_vec()),
        ("no text", (0..=255).cycle().take(5_000).collect()),
        ("not UTF-8", b"title: caf\xe9\n".to_vec()),
        ("a picture", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec()),
        ("zeros", vec![0; 4_096]),
        ("open brackets", vec![b'['; 50_000]),
        ("open braces", b"{a: ".repeat(20_000)),
        ("an alias bomb", bomb.into_bytes()),
        ("a long line", vec![b'x'; 3 << 20]),
        ("a tab", b"title:\n\tx: 1\n".to_vec()),
        ("a number", b"42".to_vec()),
        ("two documents", b"title: a\n---\ntitle: b\n".to_vec()),
        ("JSON cut off", b"{\"title\": \"A sh".to_vec()),
    ]
}

#[test]
fn garbage_in_place_of_a_file_is_refused_by_its_name() {
    let home = tempfile::tempdir().unwrap();
    let at = home.path();
    std::fs::write(at.join("call.yaml"), SCENARIO).unwrap();
    std::fs::create_dir(at.join("folder.yaml")).unwrap();
    let out = at.join("call");
    let out = ["--out", out.to_str().unwrap()];
    for (what, bytes) in garbage() {
        std::fs::write(at.join("bad.yaml"), bytes).unwrap();
        for place in [
            &["--scenario", "bad.yaml"][..],
            &["--scenario", "call.yaml", "--customer", "bad.yaml"],
            &["--scenario", "call.yaml", "--support", "bad.yaml"],
            &["--scenario", "call.yaml", "--dialogue", "bad.yaml"],
        ] {
            // An empty list of lines is a dialogue without lines.
            let empty_dialogue = place.contains(&"--dialogue") && ["nothing", "blanks"].contains(&what);
            let told = refusal(converse(at, &[place, &out].concat()));
            assert!(told.contains("bad.yaml") || empty_dialogue, "{what}, {place:?}: {told}");
            assert!(told.len() < 5_000, "{what}, {place:?}: {} bytes are no message", told.len());
            if empty_dialogue {
                drop(std::fs::remove_dir_all(at.join("call")));
            }
            assert!(!at.join("call").exists(), "{what}, {place:?}");
        }
    }
    for place in [["--scenario", "folder.yaml"], ["--dialogue", "folder.yaml"], ["--dialogue", "no.yaml"]] {
        let scenario = if place[0] == "--dialogue" { &["--scenario", "call.yaml"][..] } else { &[] };
        assert!(refusal(converse(at, &[scenario, &place].concat())).contains(place[1]));
    }
}

/// One byte in a hundred of a good file is changed, or its end is cut off: it is read, or it is refused.
#[test]
fn a_damaged_file_is_refused_or_read_but_never_makes_it_panic() {
    let home = tempfile::tempdir().unwrap();
    let at = home.path();
    std::fs::write(at.join("call.yaml"), SCENARIO).unwrap();
    for n in 0..40 {
        let draw = |what: &str, below: usize| (Seed(n).derive(what).0 % below as u64) as usize;
        let (good, place) = [(SCENARIO, "--scenario"), (LINES, "--dialogue")][draw("file", 2)];
        let mut bytes = good.as_bytes().to_vec();
        for i in 0..1 + bytes.len() / 100 {
            let at = draw(&format!("at {i}"), bytes.len());
            bytes[at] = draw(&format!("byte {i}"), 256) as u8;
        }
        bytes.truncate(bytes.len() - draw("cut", 2) * draw("cut off", bytes.len()));
        std::fs::write(at.join("damaged.yaml"), bytes).unwrap();
        // What is read after all lacks a folder to be kept in.
        let scenario = if place == "--dialogue" { &["--scenario", "call.yaml"][..] } else { &[] };
        let told = refusal(converse(at, &[scenario, &[place, "damaged.yaml", "--out", "call.yaml/no"]].concat()));
        assert!(
            told.contains("damaged.yaml") || told.contains("call.yaml/no") || told.contains("--dialogue"),
            "{told}"
        );
    }
}

#[test]
fn a_bad_dialogue_is_refused_with_file_line_reason_and_nearest_key() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("call.yaml"), SCENARIO).unwrap();
    std::fs::write(home.path().join("typo.yaml"), "- speaker: support\n  sai: Hello\n").unwrap();
    let told = refusal(converse(home.path(), &["--scenario", "call.yaml", "--dialogue", "typo.yaml"]));
    for part in ["typo.yaml", "line 2", "`sai`", "did you mean `say`"] {
        assert!(told.contains(part), "{told}");
    }
}

#[test]
fn a_dialogue_that_runs_out_of_lines_ends_the_call_with_an_error() {
    let home = tempfile::tempdir().unwrap();
    let mut command = scripted(home.path());
    std::fs::write(home.path().join("lines.yaml"), "[]").unwrap();
    let run = command.arg("--out").arg(home.path().join("call")).output().unwrap();
    let result = last_json(&run.stdout);
    assert_eq!((run.status.code(), &result["end_reason"]), (Some(1), &"empty_response".into()), "{result}");
    assert!(String::from_utf8_lossy(&run.stderr).contains("error: "), "{run:?}");
}

/// Answers `speech` where speech is asked for and words where audio comes, as often as somebody connects.
fn speech_server(media: &'static str, speech: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let speech = Arc::new(speech);
    std::thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            let speech = speech.clone();
            std::thread::spawn(move || serve(connection, media, &speech));
        }
    });
    format!("http://{address}/v1")
}

fn serve(connection: TcpStream, media: &str, speech: &[u8]) -> std::io::Result<()> {
    let mut input = BufReader::new(connection.try_clone()?);
    let mut output = connection;
    loop {
        let (mut request, mut length) = (String::new(), 0);
        if input.read_line(&mut request)? == 0 {
            return Ok(());
        }
        loop {
            let mut header = String::new();
            input.read_line(&mut header)?;
            let header = header.trim().to_ascii_lowercase();
            if header.is_empty() {
                break;
            }
            length = header.strip_prefix("content-length:").map_or(length, |n| n.trim().parse().unwrap_or(0));
        }
        input.by_ref().take(length).read_to_end(&mut Vec::new())?;
        let words = json!({ "text": "I see." }).to_string();
        let (media, body) =
            if request.contains("audio/speech") { (media, speech) } else { ("application/json", words.as_bytes()) };
        write!(output, "HTTP/1.1 200 OK\r\nContent-Type: {media}\r\nContent-Length: {}\r\n\r\n", body.len())?;
        output.write_all(body)?;
    }
}

#[test]
fn garbage_in_place_of_a_voice_ends_the_call_with_an_error() {
    let header = |fields: &[u8]| [b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0", fields, b"data\0\0\0\0"].concat();
    let cases = [
        ("audio/wav", b"RIFF".to_vec(), "a header cut off"),
        ("audio/wav", b"RIFF\xff\xff\xff\xffWAVEfmt \xff\xff\xff\xff".to_vec(), "a chunk longer than the file"),
        ("audio/wav", header(&[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), "no channels and no rate"),
        ("audio/wav", header(&[1, 0, 1, 0, 0x80, 0x3e, 0, 0, 0, 0x7d, 0, 0, 2, 0, 16, 0]), "a header without sound"),
        ("audio/wav", header(&[0x55, 0, 1, 0, 0x80, 0x3e, 0, 0, 0, 0x7d, 0, 0, 2, 0, 16, 0]), "MP3 in a WAV file"),
        ("audio/wav", b"<html>502 bad gateway</html>".to_vec(), "a page in place of a file"),
        ("text/html", b"<html>502 bad gateway</html>".to_vec(), "a page"),
        ("audio/wav", b"ID3\x04\0\0\0\0\0\0".to_vec(), "MP3"),
        ("audio/pcm", vec![], "nothing"),
    ];
    std::thread::scope(|scope| {
        for (media, speech, what) in cases {
            scope.spawn(move || {
                let home = tempfile::tempdir().unwrap();
                let mut command = scripted(home.path());
                command.env("OPENAI_BASE_URL", speech_server(media, speech)).arg("--out").arg(home.path().join("call"));
                command.args(["--stt", "openai", "--tts", "openai"]);
                let run = command.output().unwrap();
                let (told, result) = (String::from_utf8_lossy(&run.stderr).into_owned(), last_json(&run.stdout));
                assert_eq!(
                    (run.status.code(), &result["end_reason"]),
                    (Some(1), &"agent_error".into()),
                    "{what}: {told}"
                );
                let error = result["error"].as_str().unwrap();
                assert!(error.contains("help:") && told.contains(error), "{what}: {error}");
                assert!(!told.contains("panicked"), "{what}: {told}");
            });
        }
    });
}
