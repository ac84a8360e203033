//! What is kept, as the report shows it.

use crate::casting;
use crate::happenings;
use crate::report::{File, Guidance, Model, Report, Speaker, Stages, ToolCall, Utterance, Verdict};
use crate::scenario::Side;
use crate::summary::{self, Summary};
use crate::transcript::{self, Transcript};
use duologue_chat::ToolOutcome;
use duologue_voice::TurnMetrics;

/// Silence after which an utterance is sent to be recognised, ms (the default of `duologue_voice::Hearing`).
const NOTICED_AFTER_MS: f64 = 200.0;

/// `events` is what `events.jsonl` holds.
pub(crate) fn report(summary: &Summary, transcript: &Transcript, events: &str) -> Report {
    Report {
        conversation_id: summary.conversation_id.clone(),
        version: summary.version.clone(),
        title: summary.title.clone(),
        summary: summary.description.clone(),
        scenario: summary.scenario.clone(),
        started_at: summary.started_at.clone(),
        duration_s: summary.duration_s,
        end_reason: end_reason(summary),
        ended_by: None,
        seed: summary.seed,
        guidance: match summary.guidance {
            summary::Guidance::Course => Guidance::Course,
            summary::Guidance::Free => Guidance::Free,
            summary::Guidance::Scripted => Guidance::Scripted,
        },
        remarks: summary.notes.clone(),
        error: summary.error.clone(),
        speakers: [speaker(summary, Side::Support), speaker(summary, Side::Customer)],
        utterances: transcript.utterances.iter().map(|u| utterance(u, summary.duration_s)).collect(),
        tool_calls: transcript.tool_calls.iter().map(tool_call).collect(),
        notes: happenings::notes(events, summary),
        unfinished: summary.is_unfinished(),
        verdicts: summary
            .verdicts
            .iter()
            .map(|v| Verdict { criterion: v.criterion.clone(), passed: v.passed, why: v.why.clone() })
            .collect(),
        metrics: summary.metrics.clone(),
        peaks_per_second: 0,
        audio: None,
        files: files(summary),
    }
}

fn end_reason(summary: &Summary) -> String {
    summary
        .end_reason
        .map_or_else(|| "cut off with its process".to_owned(), |reason| happenings::ending(reason, summary))
}

fn speaker(summary: &Summary, side: Side) -> Speaker {
    let Some(agent) = summary.agents.iter().find(|a| a.side == side) else { return Speaker::default() };
    Speaker {
        side: side.as_str().to_string(),
        name: agent.name.clone(),
        agent_name: agent.agent_name.clone(),
        persona: agent.persona.clone(),
        voice: agent.voice.clone(),
        models: agent.models.iter().map(|(stage, name)| Model { stage: stage.clone(), name: name.clone() }).collect(),
        peaks: Vec::new(),
    }
}

fn utterance(u: &transcript::Utterance, duration_s: f64) -> Utterance {
    Utterance {
        speaker: casting::index(u.speaker),
        said: u.text.clone(),
        heard: u.heard.clone(),
        start_s: u.start_s,
        end_s: u.end_s.unwrap_or(duration_s).max(u.start_s),
        interrupted: u.interrupted,
        wer: u.wer,
        stages: u.metrics.as_ref().and_then(stages),
    }
}

/// Where the time went, one stage after the other: what ran beside an earlier stage costs nothing.
fn stages(m: &TurnMetrics) -> Option<Stages> {
    let total = m.e2e_latency_ms?;
    let turn_ended = m.end_of_turn_delay_ms?;
    let recognised = m.transcription_delay_ms.unwrap_or(0.0).min(turn_ended);
    let stt = (recognised - NOTICED_AFTER_MS).max(0.0);
    let asked = if m.preemptive { recognised } else { turn_ended };
    let written = (asked + m.llm_ttfs_ms.unwrap_or(0.0)).max(turn_ended).min(total);
    let spoken = (asked + m.llm_ttfs_ms.unwrap_or(0.0) + m.tts_ttfb_ms.unwrap_or(0.0)).max(written).min(total);
    Some(Stages {
        end_of_turn_ms: turn_ended - stt,
        stt_ms: stt,
        llm_ms: written - turn_ended,
        tts_ms: spoken - written,
        playout_ms: total - spoken,
        total_ms: total,
    })
}

fn tool_call(call: &transcript::ToolUse) -> ToolCall {
    let (outcome, failed) = match &call.outcome {
        Some(ToolOutcome::Ok(value)) => (value.to_string(), false),
        Some(ToolOutcome::Error(message)) => (message.clone(), true),
        Some(ToolOutcome::TimedOut) => ("no answer in time".to_string(), true),
        None => ("no answer before the end".to_string(), true),
    };
    ToolCall {
        at_s: call.at_s,
        by: casting::index(call.by),
        name: call.name.clone(),
        arguments: call.arguments.clone(),
        outcome,
        failed,
    }
}

/// What lies beside the page and what is in it, in the order in which people look for it.
const FILES: [(&str, &str); 10] = [
    ("stereo", "Both voices: support left, customer right"),
    ("support", "The support agent alone"),
    ("customer", "The customer alone"),
    ("transcript_text", "Transcript to read"),
    ("transcript", "As said, as heard, times, word error rates"),
    ("captions", "Captions for the recording"),
    ("summary", "What came of it"),
    ("scenario", "What was to be played, and by whom"),
    ("metrics", "Figures of each turn"),
    ("events", "Everything both sessions reported"),
];

fn files(summary: &Summary) -> Vec<File> {
    let file = |(kind, about): &(&str, &str)| {
        let path = summary.files.get(*kind)?.clone();
        Some(File { path, about: (*about).to_owned(), bytes: None })
    };
    FILES.iter().filter_map(file).collect()
}
