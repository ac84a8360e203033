//! What the sessions report against what the recording holds: a figure that only its maker vouches for is worth little.

use crate::casting;
use crate::measure::RecordedSide;
use crate::quantity::counted;
use crate::report::Finding;
use crate::summary::Summary;
use crate::transcript::{Transcript, Utterance};
use duologue_score::{Interval, Track, percentile};

/// Two observers of the same silence may differ by this much: a voice detector lags by 100 ms, frames are 20 ms long.
const SLACK_MS: f64 = 200.0;
/// An answer begins with the first sound this near to where its session says that it did, seconds.
const NEAR_S: f64 = 0.5;
/// Shorter sounds than this, seconds, may be no words.
const WORDS_S: f64 = 1.0;

/// Where they differ, one finding for each party and kind, with the place where it is worst. `None` where nothing was
/// recorded, so that nothing can be compared.
pub(crate) fn findings(summary: &Summary, transcript: &Transcript, sides: &[RecordedSide; 2]) -> Option<Vec<Finding>> {
    if sides.iter().all(|side| side.length.is_zero()) {
        return None;
    }
    let mut found = Vec::new();
    for side in 0..2 {
        let name = summary.agents.iter().find(|a| casting::index(a.side) == side).map_or("one of the two", |a| &a.name);
        let said: Vec<&Utterance> =
            transcript.utterances.iter().filter(|u| casting::index(u.speaker) == side).collect();
        let [own, other] = [&sides[side].speech, &sides[1 - side].speech];
        found.extend(response_times(name, &said, own, other));
        found.extend(silent(name, &said, own));
        found.extend(untold(name, &said, own));
    }
    Some(found)
}

/// Reported and recorded time from the end of the other's speech to the first sound.
fn response_times(name: &str, said: &[&Utterance], own: &Track, other: &Track) -> Option<Finding> {
    let timed = said.iter().filter_map(|u| {
        let reported = u.metrics.as_ref()?.e2e_latency_ms?;
        Some((u.start_s, reported, recorded_ms(u, own, other)?))
    });
    let timed: Vec<(f64, f64, f64)> = timed.collect();
    let off = |t: &&(f64, f64, f64)| (t.2 - t.1).abs() > SLACK_MS;
    let size = |t: &(f64, f64, f64)| (t.2 - t.1).abs();
    let (at_s, reported, recorded) = *timed.iter().filter(off).max_by(|a, b| size(a).total_cmp(&size(b)))?;
    let mut differences: Vec<f64> = timed.iter().filter(off).map(size).collect();
    differences.sort_unstable_by(f64::total_cmp);
    let text = format!(
        "{name}'s reported response time is not the recorded one in {} of {}, by {:.0} ms in the median; here \
         {reported:.0} ms are reported and {recorded:.0} ms recorded",
        differences.len(),
        counted(timed.len(), "turn"),
        percentile(&differences, 50.0).unwrap_or(0.0),
    );
    Some(Finding { at_s: Some(at_s), text })
}

/// `None` where the recording has no clear end of the other's speech before this start.
fn recorded_ms(u: &Utterance, own: &Track, other: &Track) -> Option<f64> {
    let starts = own.intervals().iter().map(|i| i.start.as_secs_f64());
    let start =
        starts.filter(|s| (s - u.start_s).abs() <= NEAR_S).min_by(|a, b| near(u, *a).total_cmp(&near(u, *b)))?;
    if other.intervals().iter().any(|i| contains(i, start)) {
        return None;
    }
    let end = other.intervals().iter().map(|i| i.end.as_secs_f64()).rfind(|end| *end <= start)?;
    // Its own speech in between: it answers nobody.
    let between = own.intervals().iter().any(|i| i.start.as_secs_f64() >= end && i.end.as_secs_f64() < start);
    (!between).then_some((start - end) * 1000.0)
}

fn near(u: &Utterance, start: f64) -> f64 {
    (start - u.start_s).abs()
}

fn contains(interval: &Interval, at: f64) -> bool {
    interval.start.as_secs_f64() < at && at < interval.end.as_secs_f64()
}

/// Utterances of the transcript without a sound.
fn silent(name: &str, said: &[&Utterance], own: &Track) -> Option<Finding> {
    let sounds = |u: &Utterance| {
        let end = u.end_s.unwrap_or(f64::INFINITY).max(u.start_s + 0.1);
        own.intervals().iter().any(|i| i.start.as_secs_f64() < end && u.start_s < i.end.as_secs_f64())
    };
    let silent: Vec<_> = said.iter().filter(|u| !sounds(u)).collect();
    let first = silent.first()?;
    let turns = counted(silent.len(), "turn");
    let text = format!("{turns} of {name} in the transcript cannot be heard in the recording");
    Some(Finding { at_s: Some(first.start_s), text })
}

/// Speech of the recording that the transcript does not have.
fn untold(name: &str, said: &[&Utterance], own: &Track) -> Option<Finding> {
    let told = |i: &Interval| {
        let (start, end) = (i.start.as_secs_f64(), i.end.as_secs_f64());
        said.iter().any(|u| u.start_s - NEAR_S < end && start < u.end_s.unwrap_or(f64::INFINITY) + NEAR_S)
    };
    let untold: Vec<_> = own.intervals().iter().filter(|i| i.duration().as_secs_f64() >= WORDS_S && !told(i)).collect();
    let seconds: f64 = untold.iter().map(|i| i.duration().as_secs_f64()).sum();
    let first = untold.first()?;
    let text = format!("{seconds:.1} s of {name}'s voice are in the recording, but not in the transcript");
    Some(Finding { at_s: Some(first.start.as_secs_f64()), text })
}

#[cfg(test)]
mod tests {
    use super::*;
    use duologue_ids::Mono;
    use serde_json::json;
    use std::time::Duration;

    fn side(spoken: &[(u64, u64)]) -> RecordedSide {
        let interval = |(from, to): &(u64, u64)| Interval::new(Mono::from_millis(*from), Mono::from_millis(*to));
        RecordedSide {
            speech: spoken.iter().map(interval).collect(),
            peaks: Vec::new(),
            length: Duration::from_secs(20),
        }
    }

    fn utterance(id: u32, speaker: &str, (start_s, end_s): (f64, f64), e2e: Option<f64>) -> serde_json::Value {
        json!({
            "id": id, "speaker": speaker, "name": "", "agent_name": "", "text": "Yes.", "heard": null, "wer": null,
            "start_s": start_s, "end_s": end_s, "interrupted": false, "source": null, "hint": null,
            "metrics": {"end_of_turn_delay_ms": null, "transcription_delay_ms": null, "llm_ttft_ms": null,
                "llm_ttfs_ms": null, "tts_ttfb_ms": null, "e2e_latency_ms": e2e, "preemptive": false},
        })
    }

    fn summary() -> Summary {
        serde_json::from_value(json!({
            "conversation_id": "c", "status": "ended", "scenario": "s", "title": "t", "started_at": "", "duration_s": 20.0,
            "end_reason": null, "ended_by": null, "error": null, "turns": 0, "goal_reached": false, "verdicts": [],
            "metrics": duologue_score::Metrics::default(), "guidance": "free", "seed": 1, "version": "", "files": {},
            "agents": [
                {"side": "support", "agent_name": "", "name": "Joe", "models": {}, "voice": ""},
                {"side": "customer", "agent_name": "", "name": "Anna", "models": {}, "voice": ""},
            ],
        }))
        .expect("a summary")
    }

    fn transcript(utterances: &[serde_json::Value]) -> Transcript {
        serde_json::from_value(json!({ "utterances": utterances, "tool_calls": [] })).expect("a transcript")
    }

    #[test]
    fn what_agrees_gives_no_finding() {
        let said = transcript(&[
            utterance(1, "support", (0.0, 2.0), None),
            utterance(2, "customer", (3.1, 5.0), Some(1_000.0)),
        ]);
        let sides = [side(&[(0, 2_000)]), side(&[(3_100, 4_000), (4_300, 5_000)])];
        assert_eq!(findings(&summary(), &said, &sides), Some(vec![]));
    }

    #[test]
    fn differences_are_told_with_their_worst_place() {
        let said = transcript(&[
            utterance(1, "support", (0.0, 2.0), None),
            utterance(2, "customer", (3.1, 5.0), Some(500.0)),
            utterance(3, "support", (6.0, 7.0), Some(1_000.0)),
            utterance(4, "customer", (9.5, 10.0), Some(500.0)),
        ]);
        let sides = [side(&[(0, 2_000), (12_000, 14_000)]), side(&[(3_100, 5_000)])];
        let found = findings(&summary(), &said, &sides).expect("it was recorded");
        let told: Vec<_> = found.iter().map(|f| (f.at_s, f.text.as_str())).collect();
        assert_eq!(
            told,
            [
                (Some(6.0), "1 turn of Joe in the transcript cannot be heard in the recording"),
                (Some(12.0), "2.0 s of Joe's voice are in the recording, but not in the transcript"),
                (
                    Some(3.1),
                    "Anna's reported response time is not the recorded one in 1 of 1 turn, by 600 ms in the median; here 500 ms \
                     are reported and 1100 ms recorded"
                ),
                (Some(9.5), "1 turn of Anna in the transcript cannot be heard in the recording"),
            ]
        );
    }

    #[test]
    fn without_a_recording_nothing_is_compared() {
        let nothing = || RecordedSide { speech: Track::default(), peaks: Vec::new(), length: Duration::ZERO };
        assert_eq!(findings(&summary(), &transcript(&[]), &[nothing(), nothing()]), None);
    }
}
