//! Twenty recordings whose truth was written down by hand: what the product measures in them, from the Ogg files on, has
//! to agree to 20 ms, and exactly in all counts.
//!
//! `placed` in each file of `recordings/` says which sounds stand where; it makes the recording. Everything else in it is
//! the truth, worked out by hand from where the sounds begin and end, and not by the code under test. Sounds are cut from
//! two recorded voices (`benches/voice`) where their first and last sample are loud, or made here: noise, coughs, clicks.
//!
//! `cargo test --release -p duologue-conversation --test truth -- --nocapture` prints how far off each was.

mod making;

use duologue_conversation::scenario::Side;
use duologue_conversation::{Observed, RecordedSide, Transcript, names, read_side};
use duologue_score::{Entity, Interval, Mark, Metrics, Stimulus, Track};
use making::Placed;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

/// How far an edge or a latency may be from the truth, ms.
const TOLERANCE: f64 = 20.0;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Recording {
    /// What it is for.
    #[serde(rename = "about")]
    _about: String,
    /// Makes the sound.
    placed: Placed,
    /// Who spoke when, ms.
    speech: BTreeMap<Side, Vec<(u64, u64)>>,
    /// Exact figures, by JSON pointer into the metrics.
    #[serde(default)]
    exact: BTreeMap<String, Value>,
    /// Times in ms, by JSON pointer.
    #[serde(default)]
    times: BTreeMap<String, Vec<f64>>,
    /// Scores between 0 and 1, by JSON pointer.
    #[serde(default)]
    scores: BTreeMap<String, f64>,
    /// What a time line shows: kind, whose, from, to.
    #[serde(default)]
    marks: Vec<(String, Side, u64, u64)>,
    /// What is known beside the sound.
    #[serde(default)]
    said: Vec<Said>,
    #[serde(default)]
    labels: Vec<Label>,
    #[serde(default)]
    tools: Vec<(Side, f64)>,
    #[serde(default)]
    entities: Vec<Entity>,
    #[serde(default)]
    end_reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    by: Side,
    text: String,
    heard: Option<String>,
    /// Seconds.
    from: f64,
    to: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Label {
    kind: duologue_score::StimulusKind,
    by: Side,
    from: u64,
    to: u64,
}

impl Recording {
    fn transcript(&self) -> Transcript {
        let utterances: Vec<Value> = self
            .said
            .iter()
            .enumerate()
            .map(|(i, said)| {
                serde_json::json!({
                    "id": i + 1, "speaker": said.by, "name": "", "agent_name": "", "text": said.text, "heard": said.heard,
                    "wer": null, "start_s": said.from, "end_s": said.to, "interrupted": false, "source": null,
                    "hint": null, "metrics": null,
                })
            })
            .collect();
        let calls: Vec<Value> = self
            .tools
            .iter()
            .map(|(by, at)| serde_json::json!({"id": "", "by": by, "name": "t", "arguments": {}, "at_s": at, "outcome": null}))
            .collect();
        serde_json::from_value(serde_json::json!({"utterances": utterances, "tool_calls": calls}))
            .expect("a transcript")
    }

    fn stimuli(&self) -> Vec<Stimulus> {
        let label = |l: &Label| Stimulus { kind: l.kind, interval: interval(l.from, l.to), by: place(l.by) };
        self.labels.iter().map(label).collect()
    }

    fn measure(&self, sides: &[RecordedSide; 2]) -> (Metrics, Vec<Mark>) {
        let (transcript, stimuli) = (self.transcript(), self.stimuli());
        let observed = Observed {
            stimuli: &stimuli,
            entities: &self.entities,
            end_reason: self.end_reason.as_deref(),
            ..Observed::new(sides, &transcript)
        };
        (observed.metrics(), observed.marks())
    }
}

fn place(side: Side) -> usize {
    usize::from(side == Side::Customer)
}

fn interval(from: u64, to: u64) -> Interval {
    Interval::new(duologue_ids::Mono::from_millis(from), duologue_ids::Mono::from_millis(to))
}

fn recordings() -> Vec<(String, Recording)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/truth/recordings");
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).expect("the folder").map(|e| e.expect("an entry").path()).collect();
    paths.sort();
    let read = |path: &Path| {
        let text = std::fs::read_to_string(path).expect("it is readable");
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let recording = serde_saphyr::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
        (name, recording)
    };
    paths.iter().map(|path| read(path)).collect()
}

/// How far a score may be off: what the tolerance of times makes of it on the steepest of EVA's curves, for two answers.
const SCORE_TOLERANCE: f64 = 0.04;

/// Compares, and collects what differs.
struct Agreement {
    name: String,
    worst_ms: f64,
    wrong: Vec<String>,
}

impl Agreement {
    fn near(&mut self, what: &str, is: f64, truth: f64) {
        let off = (is - truth).abs();
        self.worst_ms = self.worst_ms.max(off);
        if off > TOLERANCE {
            self.wrong.push(format!("{what} is {is} ms and should be {truth}"));
        }
    }

    fn same(&mut self, what: &str, is: &Value, truth: &Value) {
        let equal = match (is.as_f64(), truth.as_f64()) {
            (Some(a), Some(b)) => (a - b).abs() < 1e-9,
            _ => is == truth,
        };
        if !equal {
            self.wrong.push(format!("{what} is {is} and should be {truth}"));
        }
    }

    fn speech(&mut self, side: Side, track: &Track, truth: &[(u64, u64)]) {
        let found: Vec<(u64, u64)> =
            track.intervals().iter().map(|i| (i.start.as_millis(), i.end.as_millis())).collect();
        if found.len() != truth.len() {
            self.wrong.push(format!("{side} spoke at {found:?} and should have at {truth:?}"));
            return;
        }
        for (is, truth) in found.iter().zip(truth) {
            self.near(&format!("start of {side} in {found:?}"), is.0 as f64, truth.0 as f64);
            self.near(&format!("end of {side} in {found:?}"), is.1 as f64, truth.1 as f64);
        }
    }

    fn figures(&mut self, recording: &Recording, metrics: &Metrics) {
        let json = serde_json::to_value(metrics).expect("metrics are JSON");
        for (pointer, truth) in &recording.exact {
            self.same(pointer, json.pointer(pointer).unwrap_or(&Value::Null), truth);
        }
        for (pointer, truth) in &recording.scores {
            let is = json.pointer(pointer).and_then(Value::as_f64).unwrap_or(f64::NAN);
            if is.is_nan() || (is - truth).abs() > SCORE_TOLERANCE {
                self.wrong.push(format!("{pointer} is {is} and should be {truth}"));
            }
        }
        for (pointer, truth) in &recording.times {
            let values: Vec<f64> = match json.pointer(pointer) {
                Some(Value::Array(values)) => values.iter().filter_map(Value::as_f64).collect(),
                Some(Value::Number(n)) => n.as_f64().into_iter().collect(),
                _ => Vec::new(),
            };
            let mut truth = truth.clone();
            truth.sort_by(f64::total_cmp);
            if values.len() != truth.len() {
                self.wrong.push(format!("{pointer} is {values:?} and should be {truth:?}"));
                continue;
            }
            values.iter().zip(&truth).for_each(|(is, truth)| self.near(pointer, *is, *truth));
        }
    }

    fn marks(&mut self, recording: &Recording, marks: &[Mark]) {
        let kind =
            |m: &Mark| serde_json::to_value(m.kind).ok().and_then(|v| Some(v.as_str()?.to_owned())).unwrap_or_default();
        let found: Vec<(String, usize)> = marks.iter().map(|m| (kind(m), m.by)).collect();
        let wanted: Vec<(String, usize)> = recording.marks.iter().map(|(k, by, ..)| (k.clone(), place(*by))).collect();
        if found != wanted {
            self.wrong.push(format!("the marks are {found:?} and should be {wanted:?}"));
            return;
        }
        for (mark, (kind, _, from, to)) in marks.iter().zip(&recording.marks) {
            self.near(&format!("start of {kind}"), mark.start.as_millis() as f64, *from as f64);
            self.near(&format!("end of {kind}"), mark.end.as_millis() as f64, *to as f64);
        }
    }
}

#[test]
fn what_is_measured_agrees_with_what_was_written_down() {
    let (all, mut worst, mut wrong) = (recordings(), 0.0f64, Vec::new());
    assert!(all.len() >= 20, "there are {} recordings", all.len());
    for (name, recording) in &all {
        let folder = tempfile::tempdir().expect("a folder");
        for side in [Side::Support, Side::Customer] {
            let file = making::ogg(&recording.placed, side);
            std::fs::write(folder.path().join(names::track(side)), file).expect("it is written");
        }
        let sides = [Side::Support, Side::Customer].map(|side| read_side(folder.path(), side));
        let mut agreement = Agreement { name: name.clone(), worst_ms: 0.0, wrong: Vec::new() };
        for (side, read) in [Side::Support, Side::Customer].into_iter().zip(&sides) {
            agreement.speech(side, &read.speech, recording.speech.get(&side).map_or(&[], Vec::as_slice));
        }
        let (metrics, marks) = recording.measure(&sides);
        agreement.figures(recording, &metrics);
        agreement.marks(recording, &marks);
        println!("{:<36} within {:>4.1} ms", agreement.name, agreement.worst_ms);
        worst = worst.max(agreement.worst_ms);
        wrong.extend(agreement.wrong.iter().map(|w| format!("{name}: {w}")));
    }
    println!("{} recordings, all times within {worst:.1} ms, all counts as they should be", all.len());
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Simulation measures every conversation, so it has to be quick: at most 1 ms for each second.
#[test]
fn measuring_from_memory_takes_less_than_a_millisecond_a_second() {
    let all = recordings();
    let sounds: Vec<_> =
        all.iter().map(|(_, r)| [Side::Support, Side::Customer].map(|side| making::samples(&r.placed, side))).collect();
    let (began, mut length) = (Instant::now(), Duration::ZERO);
    for ((_, recording), sound) in all.iter().zip(&sounds) {
        let sides = sound.each_ref().map(|samples| RecordedSide::from_samples(making::RATE, samples));
        length += sides[0].length;
        let (metrics, _) = recording.measure(&sides);
        assert!(metrics.length_ms > 0);
    }
    let per_second = began.elapsed().as_secs_f64() * 1e3 / length.as_secs_f64();
    println!("{per_second:.3} ms for each second of conversation at {} Hz", making::RATE);
    // Ten times the aim, so that a busy machine does not fail it.
    assert!(per_second < 10.0, "{per_second:.3} ms");
}
