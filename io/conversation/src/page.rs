//! What is kept, as the report shows it.

use crate::casting;
use crate::consumption::Consumption;
use crate::happenings;
use crate::happenings::Line;
use crate::measure::{Observed, PEAKS_PER_SECOND, RecordedSide};
use crate::notes;
use crate::quantity::{counted, dollars};
use crate::report::{
    Consumed, File, Finding, Guidance, Mark, Model, Report, Speaker, Stages, Tokens, ToolCall, Utterance, Verdict, Work,
};
use crate::scenario::Side;
use crate::summary::{self, Summary};
use crate::transcript::{self, Transcript};
use duologue_chat::ToolOutcome;
use duologue_voice::TurnMetrics;

/// Silence after which an utterance is sent to be recognised, ms (the default of `duologue_voice::Hearing`).
const NOTICED_AFTER_MS: f64 = 200.0;

/// `events` is what `events.jsonl` holds. Without the recording, which is the caller's to add.
pub(crate) fn report(summary: &Summary, transcript: &Transcript, events: &str, sides: &[RecordedSide; 2]) -> Report {
    let lines = happenings::read(events);
    // Summaries of older versions have neither; the recording has them all the same.
    let observed = Observed::new(sides, transcript);
    let marks = if summary.marks.is_empty() { &observed.marks() } else { &summary.marks };
    let findings = if summary.findings.is_empty() { &observed.findings() } else { &summary.findings };
    let recorded = sides.iter().any(|side| !side.length.is_zero());
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
        speakers: [Side::Support, Side::Customer].map(|side| speaker(summary, side, &sides[casting::index(side)])),
        utterances: transcript.utterances.iter().map(|u| utterance(u, summary.duration_s, &lines)).collect(),
        tool_calls: transcript.tool_calls.iter().map(|call| tool_call(call, &lines)).collect(),
        notes: happenings::notes(&lines, summary),
        marks: marks.iter().map(mark).collect(),
        findings: recorded.then(|| findings.iter().map(|f| finding(f, summary)).collect()),
        unfinished: summary.is_unfinished(),
        verdicts: summary
            .verdicts
            .iter()
            .map(|v| Verdict { criterion: v.criterion.clone(), passed: v.passed, why: v.why.clone() })
            .collect(),
        metrics: summary.metrics.clone(),
        peaks_per_second: PEAKS_PER_SECOND,
        audio: None,
        files: files(summary),
    }
}

fn end_reason(summary: &Summary) -> String {
    summary
        .end_reason
        .map_or_else(|| "cut off with its process".to_owned(), |reason| happenings::ending(reason, summary))
}

fn speaker(summary: &Summary, side: Side, recorded: &RecordedSide) -> Speaker {
    let peaks = recorded.peaks.clone();
    let Some(agent) = summary.agents.iter().find(|a| a.side == side) else {
        return Speaker { peaks, ..Speaker::default() };
    };
    Speaker {
        side: side.as_str().to_string(),
        name: agent.name.clone(),
        agent_name: agent.agent_name.clone(),
        persona: agent.persona.clone(),
        voice: agent.voice.clone(),
        models: agent.models.iter().map(|(stage, name)| Model { stage: stage.clone(), name: name.clone() }).collect(),
        consumed: agent.usage.as_ref().map(consumed).unwrap_or_default(),
        peaks,
    }
}

/// What a side consumed, in words; a stage that did nothing is left out.
fn consumed(usage: &Consumption) -> Vec<Consumed> {
    let tokens = (usage.llm_told > 0).then(|| {
        let cached = if usage.cached_tokens > 0 { format!(" ({} cached)", usage.cached_tokens) } else { String::new() };
        format!("{} read{cached}, {} written", usage.prompt_tokens, usage.completion_tokens)
    });
    let spoken = (usage.tts_characters > 0).then(|| counted(usage.tts_characters, "character"));
    let heard = (usage.stt_seconds > 0.0).then(|| format!("{:.0} s", usage.stt_seconds));
    let cost = usage.cost().filter(|cost| *cost > 0.0).map(|cost| {
        let more = if usage.untold() > 0 {
            format!(", without {} that told no tokens", counted(usage.untold(), "request"))
        } else {
            String::new()
        };
        let date = usage.prices_of().map_or_else(String::new, |date| format!(", prices of {date}"));
        format!("{}{more}{date}", dollars(cost))
    });
    let unknown = || {
        let reasons: Vec<&str> = usage.stages.values().filter_map(|stage| stage.unknown.as_deref()).collect();
        (!reasons.is_empty()).then(|| format!("not known: {}", reasons.join("; ")))
    };
    let all = [("tokens", tokens), ("spoken", spoken), ("heard", heard), ("cost", cost.or_else(unknown))];
    all.into_iter().filter_map(|(what, amount)| Some(Consumed { what: what.to_owned(), amount: amount? })).collect()
}

fn utterance(u: &transcript::Utterance, duration_s: f64, lines: &[Line]) -> Utterance {
    Utterance {
        speaker: casting::index(u.speaker),
        said: u.text.clone(),
        heard: u.heard.clone(),
        start_s: u.start_s,
        end_s: u.end_s.unwrap_or(duration_s).max(u.start_s),
        interrupted: u.interrupted,
        wer: u.wer,
        stages: u.metrics.as_ref().and_then(stages),
        tokens: u.usage.map(|t| Tokens {
            read: t.prompt_tokens,
            cached: t.cached_tokens,
            written: t.completion_tokens,
            per_second: t.per_second(),
        }),
        begun: happenings::begun(lines, u),
    }
}

/// Where the time went, one stage after the other: what ran beside an earlier stage costs nothing. Of a reply whose turn
/// nobody had to wait for (a realtime model decides that itself) only the total is known.
fn stages(m: &TurnMetrics) -> Option<Stages> {
    let total = m.e2e_latency_ms?;
    let Some(turn_ended) = m.end_of_turn_delay_ms else {
        return Some(Stages { total_ms: total, ..Stages::default() });
    };
    let recognised = m.transcription_delay_ms.unwrap_or(0.0).min(turn_ended);
    let stt = (recognised - NOTICED_AFTER_MS).max(0.0);
    let asked = if m.preemptive { recognised } else { turn_ended };
    let after = |took: f64| (asked + took).max(turn_ended).min(total);
    let first_clause = m.llm_ttfs_ms.unwrap_or(0.0);
    let written = after(first_clause);
    let spoken = after(first_clause + m.tts_ttfb_ms.unwrap_or(0.0)).max(written);
    Some(Stages {
        end_of_turn_ms: turn_ended - stt,
        stt_ms: stt,
        llm_ms: written - turn_ended.min(written),
        tts_ms: spoken - written,
        playout_ms: total - spoken,
        total_ms: total,
        first_token_ms: m.llm_ttft_ms.map_or(0.0, |ttft| after(ttft.min(first_clause)) - turn_ended.min(written)),
        preemptive: m.preemptive,
        work: Some(Work {
            asked_after_ms: asked,
            llm_ttft_ms: m.llm_ttft_ms,
            llm_ttfs_ms: m.llm_ttfs_ms,
            tts_ttfb_ms: m.tts_ttfb_ms,
        }),
    })
}

fn finding(finding: &duologue_score::Finding, summary: &Summary) -> Finding {
    Finding { at_s: Some(finding.at.as_secs_f64()), text: notes::difference(finding, summary) }
}

/// The parties stand in the same order in the report as where they are measured.
fn mark(mark: &duologue_score::Mark) -> Mark {
    Mark {
        kind: mark.kind,
        by: mark.by,
        start_s: mark.start.as_secs_f64(),
        end_s: mark.end.as_secs_f64(),
        yielded_after_ms: mark.yielded_after_ms.map(|ms| ms as f64),
    }
}

fn tool_call(call: &transcript::ToolUse, lines: &[Line]) -> ToolCall {
    let answered = happenings::answered(lines, call.by, &call.id, call.at_s);
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
        latency_ms: answered.map(|at| ((at - call.at_s) * 1000.0).round()),
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
