//! The bodies on stable: real files, with some bytes changed, cut or doubled.

use duologue_engine::protocol::{Op, Request, encode_frame};
use duologue_fuzz::TARGETS;
use duologue_media::{Codec, Packet};
use std::path::Path;

/// Mutations of each sample for each body.
const ROUNDS: u32 = 60;

/// A reply that is asked for, heard and called off while the next one waits, and a tool.
const REALTIME: &str = concat!(
    "~~~~~~~~\n?1\n",
    r#"{"type":"response.created","response":{"id":"r1","metadata":{"turn":"1"}}}"#,
    "\n",
    r#"{"type":"response.output_item.added","response_id":"r1","item":{"id":"a","type":"message"}}"#,
    "\n",
    r#"{"type":"response.output_audio_transcript.delta","response_id":"r1","item_id":"a","delta":"Hi"}"#,
    "\n",
    r#"{"type":"response.output_audio.delta","response_id":"r1","item_id":"a","delta":"AQACAAMA"}"#,
    "\n!1a\n?2\n",
    r#"{"type":"response.done","response":{"id":"r1","status":"cancelled"}}"#,
    "\n",
    r#"{"type":"response.created","response":{"id":"r2","metadata":{"turn":"2"}}}"#,
    "\n",
    r#"{"type":"response.function_call_arguments.done","response_id":"r2","call_id":"c","name":"f","arguments":"{}"}"#,
    "\n",
    r#"{"type":"response.done","response":{"id":"r2","usage":{"input_tokens":9,"output_tokens":1}}}"#,
    "\n",
    r#"{"type":"error","error":{"type":"x","code":"session_expired","message":"no"}}"#,
);

/// Two spans of a call, as OpenTelemetry exports them; and the same packed by gzip.
const SPANS: &[u8] =
    b"\x0a\xa1\x02\x0a\x1a\x0a\x18\x0a\x0cservice.name\x12\x08\x0a\x06worker\x12\x82\x02\x12v\x0a\x10\x07\x07\x07\x07\
    \x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x12\x08\x01\x01\x01\x01\x01\x01\x01\x01*\x06call x0\x039\xe8\
    \x03\x00\x00\x00\x00\x00\x00A(#\x00\x00\x00\x00\x00\x00J!\x0a\x0fgen_ai.agent.id\x12\x0e\x0a\x0cspiffe://e/wJ\
    \x19\x0a\x01l\x12\x14*\x12\x0a\x02\x18\x05\x0a\x0c2\x0a\x0a\x08\x0a\x01a\x12\x03\x0a\x01b\x12\x87\x01\x0a\x10\
    \x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x12\x08\x02\x02\x02\x02\x02\x02\x02\x02\x22\x08\
    \x01\x01\x01\x01\x01\x01\x01\x01*\x06call x0\x029\xd0\x07\x00\x00\x00\x00\x00\x00A\xb8\x0b\x00\x00\x00\x00\x00\
    \x00J#\x0a\x19duologue.decision.outcome\x12\x06\x0a\x04denyZ\x16\x09\xc4\x09\x00\x00\x00\x00\x00\x00\x12\x01e\
    \x1a\x08\x0a\x01m\x12\x03\x0a\x01wz\x06\x12\x02no\x18\x02";

/// Packed.
const PACKED_SPANS: &[u8] =
    b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xe3Z\xc8\xc4%\xc5%\xc1\xc5S\x9cZT\x96\x99\x9c\xaa\x97\x97\x98\x9b*\xc4\
    \xc1\xc5V\x9e_\x94\x9dZ$\xd4\xc4$T\xc6%\xc0\x8e\x06\x848\x18\xa1@\x8b-91'G\xa1\xc2\x80\xd9\xf2\x053\x03\x188j(C\
    \x18^\x8a\x5c\xfc\xe9\xa9y\xf1\x89\x99z\x89@\xbaD/3E\x88\x0fhSAfZZ\xaa\x95\xbe~\xaa~\xb9\x97$\x17c\x8e\x90\x88\
    \x96\x10\x17\x93\x04+\x17\x8f\x11\x17\x17\x07\x17c\xa2\x103\x17c\x92P;#6\x8b\x99\xa0@\x09\xd3\x09L\x96\x17\xd8\
    \xa1N\xd8\xc1\x0du\x822\x97dJi~N~zi\xaa^Jjrfqf~\x9e^~iIr>\xd0\x9bl\x5c,)\xa9y\x95Qb\x9cG8!\xea\x85\x18S\xa5\x80.\
    \xc8\x05\xb9\xa0\xbc\x8aM\x88)/_\x82\x09\x00\x829M\xc5$\x01\x00\x00";

/// Results of a suite of one case.
const RUN: &str = r#"{"suite":"s","title":"S","version":"0","seeds":2,"cases":[{"id":"c","title":"C","conversations":[
{"seed":1,"folder":"c/1","duration_s":2.5,"end_reason":"turn_limit","error":null,"passed":true,"verdicts":[],
"metrics":{"turns":4.0},"fingerprint":{"sound":"0","transcript":"1","events":"2"}},
{"seed":2,"folder":"c/2","duration_s":2.5,"end_reason":null,"error":"no","passed":false,"verdicts":[],
"metrics":{"turns":5.5},"fingerprint":{"sound":"0","transcript":"1","events":"2"}}],
"metrics":{"turns":4.75},"bounds":[{"metric":"turns","bound":{"max":6.0},"value":4.75,"passed":true}],"passed":false}],
"conversations":2,"passed":1,"cases_failed":1,"simulated_s":5.0}"#;

fn samples() -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let file = |name: &str| std::fs::read(root.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
    let packet =
        Packet { sequence: 7, timestamp: 960, marker: true, codec: Codec::Opus, payload: vec![0xf8, 0xff, 0xfe] };
    let rtp = packet.to_rtp(1).expect("a packet");
    let streamed = [&[rtp.len() as u8][..], &rtp].concat().repeat(20);
    let ogg = file("core/media/tests/data/libopus-440hz.opus");
    let mut wav =
        b"\x40RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\x01\0\x01\0\xc0\x5d\0\0\x80\xbb\0\0\x02\0\x10\0data".to_vec();
    wav.extend([0xff; 64]);
    vec![
        Vec::new(),
        rtp,
        streamed,
        file("scenarios/internet-outage.yaml"),
        file("personas/anna.yaml"),
        b"llm: openai/gpt-4o-mini\nopenai:\n  base_url: http://localhost/v1\n  api_key: sk-1\n".to_vec(),
        br#"["9f","task",["a",1]]"#.to_vec(),
        br##"{"name":"a.b","description":"Does \u200bit","inputSchema":{"type":"object","properties":{"a":{"type":"array",
"items":{"$ref":"#/$defs/n"}}},"$defs":{"n":{"type":"integer","description":"N","pattern":"^(a+)+$"}}}}"##
            .to_vec(),
        br#"{"content":[{"type":"text","text":"\u001b[2J"},{"type":"image","data":"AAAA","mimeType":"image/png"},
{"type":"resource_link","uri":"u","name":"n"}],"structuredContent":{"a":[1,{"b":"c"}]},"isError":false}"#
            .to_vec(),
        br#"["9f",[["task","a",1],["task","b\u0000",18446744073709551615]]]"#.to_vec(),
        b"- {speaker: support, say: 'Hello.'}\n- {speaker: customer, tool_call: {name: end_call}}\n".to_vec(),
        b"\x05data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n".to_vec(),
        b"{\"error\":{\"message\":\"no\",\"type\":\"x\",\"code\":null}}".to_vec(),
        b"\x07data: {\"type\":\"transcript.text.delta\",\"delta\":\"Hi\"}\n\ndata: {\"type\":\"transcript.text.done\",\"text\":\"Hi\"}\n\n".to_vec(),
        b"{\"cassette\":1}\n{\"lane\":\"a\",\"stage\":\"tts\",\"asked\":{\"text\":\"Hi\"},\"pieces\":[{\"us\":9,\"audio\":{\"rate\":24000,\"pcm\":\"AQD//w==\"}}],\"end\":\"complete\"}\n".to_vec(),
        b"{\"Chunk\":{\"content\":\"Hi\"}}\n{\"End\":{\"captured_stop_reason\":{\"Completed\":\"STOP\"}}}\n".to_vec(),
        REALTIME.into(),
        file("suites/turn-taking.yaml"),
        RUN.into(),
        SPANS.into(),
        PACKED_SPANS.into(),
        br#"{"type":"Results","start":0.0,"duration":1.5,"is_final":true,"from_finalize":true,"channel":{"alternatives":[{"transcript":"Hi","confidence":0.9}]}}"#.to_vec(),
        b"{\"message_type\":\"session_started\"}\n{\"message_type\":\"partial_transcript\",\"text\":\"Hi\"}\n{\"message_type\":\"committed_transcript\",\"text\":\"Hi.\"}\n".to_vec(),
        b"\x09{\"audio_base64\":\"AQACAAMA\",\"alignment\":{\"characters\":[\"H\",\"i\"],\"character_start_times_seconds\":[0,0.1],\"character_end_times_seconds\":[0.1,0.2]}}\n".to_vec(),
        b"\x09data: {\"data\":{\"audio\":\"010002000300\",\"status\":1},\"base_resp\":{\"status_code\":0}}\n\ndata: {\"data\":{\"status\":2}}\n\n".to_vec(),
        encode_frame(&Request { id: 1, op: Op::Ping }, b"payload").expect("a frame"),
        br#"{"utterances":[],"tool_calls":[]}"#.iter().copied().chain([0, 0])
            .chain(*br#"{"t":0.1,"side":"support","event":"nudged"}"#).chain([10, 0, 0]).chain(ogg.iter().copied()).collect(),
        ogg,
        b"/24 (maple|oak)/\0My address is twenty-four Maple Street, Dr. Smith, $12.50.".to_vec(),
        b"v=0\r\no=- 1 2 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=sendonly\r\na=msid:PA_x|TR_y TR_y\r\n".to_vec(),
        b"sdk=js&protocol=17&auto_subscribe=0&attributes=eyJhIjoiYiJ9&reconnect=1&sid=PA_x&version=1%2E0".to_vec(),
        b"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJrIiwic3ViIjoiYSIsImV4cCI6MSwidmlkZW8iOnsicm9vbUpvaW4iOnRydWV9fQ.AA".to_vec(),
        br#"${"room":"kitchen","name":"r","emptyTimeout":5,"data":"AQI=","kind":"LOSSY","attributes":{"a":"b"},"trackSids":["TR_1"],"permission":{"canPublish":true},"agents":[{"agentName":"x"}]}"#.to_vec(),
        vec![0xef, 0x03, 0xc0, 0x02, 0x6f, 1, 2, 3, 4, 5],
        br#"{"jsonrpc":"2.0","id":1,"method":"SendMessage","params":{"message":{"messageId":"m","role":"ROLE_USER","parts":[{"text":"Hi"}]}}}"#.to_vec(),
        br#"{"jsonrpc":"2.0","id":1,"method":"message/send","params":{"message":{"kind":"message","messageId":"m","role":"user","parts":[{"kind":"text","text":"Hi"}]}}}"#.to_vec(),
        file("core/a2a/tests/vectors/python/task.1.0.json"),
        file("core/a2a/tests/vectors/python/status-update.0.3.json"),
        file("core/a2a/tests/vectors/python/artifact-update.0.3-proto.json"),
        file("core/a2a/tests/vectors/python/card.1.0.json"),
        file("core/a2a/tests/vectors/python/card.0.3.json"),
        file("core/a2a/tests/golden/task-record.1.json"),
        b"\x04/acme/tasks/t%2F1:subscribe\nhistoryLength=2&status=TASK_STATE_WORKING\n{}".to_vec(),
        b"\x01/v1/tasks/t/pushNotificationConfigs\n\n{\"pushNotificationConfig\":{\"url\":\"x\"}}".to_vec(),
        b"\x12\x1b\x0a\x03m-1 \x01*\x04\x0a\x02Hi2\x0c\x0a\x0a\x0a\x01k\x12\x05\x1a\x03any".to_vec(),
        b"\x0a\x2b\x0a\x01t\x12\x01c\x1a\x10\x08\x03\x1a\x0c\x08\x80\x9c\xd9\xca\x06\x10\xc0\x84\x3d\x22\x11\x0a\x01a\x22\x0c\x12\x02\x00\xff\x2a\x06\x0a\x04\x0a\x00\x12\x00".to_vec(),
        br#"{"alg":"ES256","kid":"key-1","typ":"JOSE"}"#.to_vec(),
        b"\xffid: 7\nevent: x\ndata: {}\n: c\ndata: 1\r\n\r\ndata: 2\n\n".to_vec(),
        b"\x03PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\0\0\x1b\x01\x04\0\0\0\x01\x83\x86\x44\x04/S/M\x41\x11tmp%2Frun%2Fwl.soc\0\0\x01\0\x01\0\0\0\x01%".to_vec(),
        br#"{"keys":[{"kty":"EC","kid":"a","use":"jwt-svid","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}],"spiffe_sequence":1,"spiffe_refresh_hint":300}"#.to_vec(),
        b"eyJhbGciOiJFUzI1NiIsImtpZCI6ImEifQ.eyJzdWIiOiJzcGlmZmU6Ly9hLnRlc3Qvd29ya2VyIiwiYXVkIjpbIndvcmtlciJdLCJleHAiOjEwMDB9.AA".to_vec(),
        file("policies/per_method/policy.rego"),
        b"package duologue.authz\n\nallow { input.caller.spiffe_id in data.callers; f(1) }\n\nf(x) = y { y := [z | z := x + 1] }\n".to_vec(),
        br#"{"a":[1,{"b":"c"}]}{"allow":true,"reasons":["r"],"rule":"x"}"#.to_vec(),
        decisions(),
        framed(),
        zip(),
        backup(),
        wav,
    ]
}

/// Three lines of a decision log.
fn decisions() -> Vec<u8> {
    let mut head = duologue_policy::Head::default();
    let lines = ["a", "b", "c"].map(|id| format!("{}\n", head.append(&format!(r#"{{"id":"{id}"}}"#))));
    lines.concat().into_bytes()
}

/// A backup of one conversation with one file, unpacked to a tar file (POSIX.1-1988, `ustar`).
fn backup() -> Vec<u8> {
    let list =
        r#"{"format":"duologue-backup","version":1,"created_at":"2026-01-01T00:00:00Z","duologue":"0","conversations":[
{"id":"c-1","running":false,"files":[{"name":"summary.json","bytes":2,"sha256":"SHA"}]}]}"#
            .replace("SHA", "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
    let entry = |(name, body): (&str, &str)| {
        let mut head = [0u8; 512];
        let mut put = |at: usize, text: &str| head[at..at + text.len()].copy_from_slice(text.as_bytes());
        put(0, name);
        put(100, "0000644\x000000000\x000000000\0");
        put(124, &format!("{:011o}\x0000000000000\0        0", body.len()));
        put(257, "ustar\x0000");
        let sum: u32 = head.iter().map(|byte| u32::from(*byte)).sum();
        head[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        [&head[..], body.as_bytes(), &vec![0; body.len().next_multiple_of(512) - body.len()]].concat()
    };
    let entries = [("conversations/c-1/summary.json", "{}"), ("manifest.json", &list)].map(entry);
    [entries.concat(), vec![0; 1_024]].concat()
}

/// What a client, a data channel and a worker say, each after its length.
fn framed() -> Vec<u8> {
    use duologue_livekit_wire::Message as _;
    use duologue_livekit_wire::proto::{
        self, data_packet::Value, signal_request::Message as Asked, worker_message::Message as Said,
    };
    let asked = |message| proto::SignalRequest { message: Some(message) }.encode_to_vec();
    let said = |message| proto::WorkerMessage { message: Some(message) }.encode_to_vec();
    let sdp = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=recvonly\r\n".repeat(2);
    let user = proto::UserPacket { payload: b"hi".to_vec(), ..Default::default() };
    let packet = proto::DataPacket { value: Some(Value::User(user)), sequence: 1, ..Default::default() };
    let frames = [
        asked(Asked::AddTrack(proto::AddTrackRequest { cid: "x".into(), ..Default::default() })),
        asked(Asked::Offer(proto::SessionDescription { sdp, id: 1, ..Default::default() })),
        asked(Asked::UpdateMetadata(proto::UpdateParticipantMetadata { name: "n".into(), ..Default::default() })),
        asked(Asked::Leave(Default::default())),
        packet.encode_to_vec(),
        said(Said::UpdateWorker(proto::UpdateWorkerStatus { load: 0.5, ..Default::default() })),
        said(Said::Availability(proto::AvailabilityResponse { available: true, ..Default::default() })),
    ];
    let framed = |frame: &Vec<u8>| [&(frame.len() as u16).to_be_bytes()[..], frame].concat();
    frames.iter().flat_map(framed).collect()
}

/// An archive with the member that is looked for, stored.
fn zip() -> Vec<u8> {
    let (name, body) = (b"fuzz/model.bin", [7u8; 16]);
    // CRC-32 of sixteen sevens is not needed: a wrong one is one more thing to survive.
    let sizes = [16u32, 16].map(u32::to_le_bytes).concat();
    let head = [&[20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4][..], &sizes, &[name.len() as u8, 0, 0, 0]].concat();
    let local = [b"PK\x03\x04", &head[..], name, &body].concat();
    let central = [b"PK\x01\x02\x14\0", &head[..], &[0; 14], name].concat();
    let (at, len) = ((local.len() as u32).to_le_bytes(), (central.len() as u32).to_le_bytes());
    [&local[..], &central, b"PK\x05\x06\0\0\0\0\x01\0\x01\0", &len, &at, &[0, 0]].concat()
}

/// A small generator (SplitMix64): the same mutations every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % limit.max(1) as u64) as usize
    }

    fn mutate(&mut self, sample: &[u8]) -> Vec<u8> {
        let mut bytes = sample.to_vec();
        for _ in 0..=self.below(4) {
            let (at, len) = (self.below(bytes.len() + 1), self.below(12));
            let end = (at + len).min(bytes.len());
            match self.below(5) {
                0 => drop(bytes.drain(at..end)),
                1 => bytes.truncate(at),
                2 => {
                    let again = bytes[at..end].to_vec();
                    bytes.splice(at..at, again);
                }
                3 => bytes[at..end].fill(self.below(256) as u8),
                _ => bytes.insert(at, b"\0\n:-{}\"/\xff"[self.below(9)]),
            }
        }
        bytes
    }
}

#[test]
fn every_body_survives_damaged_files() {
    let samples = samples();
    for (name, body) in TARGETS {
        let mut dice = Dice(name.len() as u64);
        for sample in &samples {
            body(sample);
            for _ in 0..ROUNDS {
                body(&dice.mutate(sample));
            }
        }
    }
}

/// A sample that is refused at its first byte would try nothing.
#[test]
fn results_of_a_suite_are_read() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    std::fs::write(dir.path().join("run.json"), RUN).expect("a file");
    let read = duologue_simulation::read_run(dir.path());
    assert_eq!(read.expect("a run").cases[0].conversations.len(), 2);
}

#[test]
fn a_backup_is_restored() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (file, home) = (dir.path().join("backup.tar"), dir.path().join("home"));
    std::fs::write(&file, backup()).expect("a file");
    let restored =
        duologue_conversation::restore(&duologue_conversation::Archive::new(&home), &file, true, &mut |_| {});
    assert!(restored.is_ok(), "{restored:?}");
}

#[test]
fn every_body_has_its_target() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz_targets");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .expect("the folder")
        .filter_map(|entry| Some(entry.ok()?.path().file_stem()?.to_string_lossy().into_owned()))
        .collect();
    let mut names: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
    files.sort();
    names.sort();
    assert_eq!(files, names);
}
