//! What is kept, as the report shows it.

use crate::casting;
use crate::report::{File, Guidance, Model, Report, Speaker, Stages, ToolCall, Utterance, Verdict};
use crate::scenario::Side;
use crate::summary::{self, Summary};
use crate::transcript::{self, Transcript};
use duologue_chat::ToolOutcome;
use duologue_voice::TurnMetrics;

/// Silence after which an utterance is sent to be recognised, ms (the default of `duologue_voice::Hearing`).
const NOTICED_AFTER_MS: f64 = 200.0;

pub(crate) fn report(summary: &Summary, transcript: &Transcript) -> Report {
    Report {
        conversation_id: summary.conversation_id.clone(),
        version: summary.version.clone(),
        title: summary.title.clone(),
        summary: String::new(),
        scenario: summary.scenario.clone(),
        started_at: summary.started_at.clone(),
        duration_s: summary.duration_s,
        end_reason: end_reason(summary),
        ended_by: summary.ended_by.map(|s| s.as_str().to_string()),
        seed: summary.seed,
        guidance: match summary.guidance {
            summary::Guidance::Course => Guidance::Course,
            summary::Guidance::Free => Guidance::Free,
        },
        speakers: [speaker(summary, Side::Support), speaker(summary, Side::Customer)],
        utterances: transcript.utterances.iter().map(|u| utterance(u, summary.duration_s)).collect(),
        tool_calls: transcript.tool_calls.iter().map(tool_call).collect(),
        notes: Vec::new(),
        verdicts: summary
            .verdicts
            .iter()
            .map(|v| Verdict { criterion: v.criterion.clone(), passed: v.passed, why: v.why.clone() })
            .collect(),
        metrics: summary.metrics.clone(),
        peaks_per_second: 0,
        audio: None,
        files: summary.files.iter().map(|(kind, path)| file(kind, path)).collect(),
    }
}

fn end_reason(summary: &Summary) -> String {
    let reason = summary.end_reason.and_then(|r| serde_json::to_value(r).ok());
    reason.as_ref().and_then(|v| v.as_str()).unwrap_or("cut_off").to_string()
}

fn speaker(summary: &Summary, side: Side) -> Speaker {
    let Some(agent) = summary.agents.iter().find(|a| a.side == side) else { return Speaker::default() };
    Speaker {
        side: side.as_str().to_string(),
        name: agent.name.clone(),
        agent_name: agent.agent_name.clone(),
        persona: String::new(),
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

fn file(kind: &str, path: &str) -> File {
    let about = match kind {
        "stereo" => "both voices: support left, customer right",
        "support" => "the support agent alone",
        "customer" => "the customer alone",
        "transcript" => "transcript: as said, as heard, times, word error rates",
        "transcript_text" => "transcript to read",
        "captions" => "captions (WebVTT)",
        "events" => "everything both sessions reported",
        "metrics" => "figures of each turn",
        "summary" => "what came of it, as JSON",
        _ => "this page",
    };
    File { path: path.to_string(), about: about.to_string(), bytes: None }
}
