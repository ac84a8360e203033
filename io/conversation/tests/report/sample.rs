//! Reports to look at.

use duologue_conversation::report::{Audio, Mark, Note, Report, Stages, Utterance};
use duologue_media::{Frame, OggOpus, StereoEncoder, StereoFrame};
use duologue_score::MarkKind;

const RATE: u32 = 48_000;
const FRAME: usize = (RATE / 50) as usize;
pub(crate) const EVIL: &str = "</script><img src=x onerror=window.ran=1>\"'{{data}}";

pub(crate) fn read() -> Report {
    serde_json::from_str(include_str!("../../examples/sample_report.json")).expect("the sample is a report")
}

/// The sample with a recording to its waveforms: tones as loud as they are, in Ogg Opus, carried in the page.
pub(crate) fn with_sound() -> Report {
    let mut report = read();
    let mut encoder = StereoEncoder::new(RATE).expect("Opus has 48 kHz");
    let (mut ogg, mut bytes) = OggOpus::new(2, RATE, 7, &[]);
    let frames = (report.duration_s * 50.0) as usize;
    for n in 0..frames {
        let [left, right] = [0, 1].map(|side| tone(&report, side, n));
        let both = StereoFrame::new(&left, &right).expect("both are 20 ms");
        let packet = encoder.encode(&both).expect("it encodes");
        bytes.extend(ogg.push(&packet, FRAME as u32));
    }
    bytes.extend(ogg.finish());
    report.audio = Some(Audio { path: "stereo.ogg".into(), mime: "audio/ogg".into(), bytes });
    report
}

fn tone(report: &Report, side: usize, frame: usize) -> Frame {
    let loud = |n: usize| f64::from(report.speakers[side].peaks.get(n).copied().unwrap_or(0)) / 255.0;
    let samples = (0..FRAME).map(|i| {
        let n = frame * FRAME + i;
        let t = n as f64 / f64::from(RATE);
        let level = loud((t * f64::from(report.peaks_per_second)) as usize);
        ((t * [220.0, 140.0][side] * std::f64::consts::TAU).sin() * level * 9_000.0) as i16
    });
    Frame::new(RATE, samples.collect()).expect("20 ms")
}

/// An hour, 600 turns, a mark every half minute, and a recording that is not there.
pub(crate) fn hour() -> Report {
    let mut report = read();
    report.duration_s = 3_600.0;
    report.utterances = (0..600)
        .map(|n| Utterance {
            speaker: n % 2,
            said: format!("Turn {n}: {}", "and this is what was said in it. ".repeat(1 + n % 4)),
            heard: (n % 3 == 0).then(|| "and this is what was heard of it".to_owned()),
            start_s: 6.0 * n as f64 + 0.4,
            end_s: 6.0 * n as f64 + 5.2,
            stages: Some(Stages {
                end_of_turn_ms: 300.0,
                stt_ms: 120.0,
                llm_ms: 200.0 + (n * 37 % 900) as f64,
                tts_ms: 150.0,
                playout_ms: 40.0,
                total_ms: 810.0 + (n * 37 % 900) as f64,
                ..Stages::default()
            }),
            ..Utterance::default()
        })
        .collect();
    let kinds = [MarkKind::Interruption, MarkKind::Backchannel, MarkKind::AwkwardSilence, MarkKind::Overlap];
    let mark = |n: usize| {
        let start_s = 30.0 * n as f64 + 3.0;
        Mark { kind: kinds[n % 4], by: n % 2, start_s, end_s: start_s + 0.6, yielded_after_ms: None }
    };
    report.marks = (0..120).map(mark).collect();
    for speaker in &mut report.speakers {
        speaker.peaks = (0..90_000_usize).map(|n| if n % 150 < 120 { (n * 7 % 180) as u8 } else { 0 }).collect();
    }
    report
}

/// Every text tries to become markup.
pub(crate) fn hostile() -> Report {
    let mut report = read();
    report.audio = None;
    report.title = EVIL.into();
    report.end_reason = EVIL.into();
    report.conversation_id = EVIL.into();
    report.remarks = vec![EVIL.into()];
    report.error = Some(EVIL.into());
    report.notes = vec![Note { at_s: 1.0, text: EVIL.into() }];
    for speaker in &mut report.speakers {
        speaker.name = EVIL.into();
        speaker.persona = EVIL.into();
    }
    for utterance in &mut report.utterances {
        utterance.said = EVIL.into();
        utterance.heard = Some(EVIL.into());
    }
    for call in &mut report.tool_calls {
        call.name = EVIL.into();
        call.outcome = EVIL.into();
        call.arguments = serde_json::json!({ EVIL: EVIL });
    }
    for finding in report.findings.iter_mut().flatten() {
        finding.text = EVIL.into();
    }
    report
}

/// What a page may have to do with.
pub(crate) fn broken() -> Vec<(&'static str, Report)> {
    let least = serde_json::json!({
        "conversation_id": "conv_1", "version": "0.1.0", "title": "Nothing", "started_at": "", "duration_s": 0.0,
        "end_reason": "error", "seed": 1, "guidance": "free", "peaks_per_second": 0,
        "speakers": [{"side": "support", "name": ""}, {"side": "customer", "name": "B"}],
    });
    let mut wild = read();
    wild.duration_s = f64::NAN;
    wild.utterances[0].start_s = f64::NEG_INFINITY;
    wild.utterances[1].end_s = f64::INFINITY;
    wild.utterances[2].speaker = 17;
    wild.utterances[3].stages = Some(Stages { total_ms: f64::NAN, ..Stages::default() });
    wild.marks[0].start_s = f64::NAN;
    wild.marks[1].by = 9;
    wild.metrics.overlap_ratio = f64::INFINITY;
    let mut long_words = read();
    long_words.title = "W".repeat(300);
    long_words.speakers[0].name = "Maximiliane-Alexandrine von und zu Hohenlohe-Langenburg".repeat(3);
    long_words.utterances[0].said = "x".repeat(2_000);
    long_words.tool_calls[0].arguments = serde_json::json!({ "y".repeat(300): "z".repeat(3_000) });
    vec![
        ("nothing", serde_json::from_value(least).expect("everything else has a default")),
        ("wild figures", wild),
        ("long words", long_words),
    ]
}
