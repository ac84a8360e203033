use crate::stage::MeasuredStages;
use duologue_conversation::{AgentSummary, Archive, Summary, Transcript};
use duologue_voice::Hearing;
use std::collections::BTreeMap;
use std::time::Duration;

/// What each stage took in the conversations that are kept: of those whose models are no script. Conversations that can't
/// be read are left out.
pub fn measured(archive: &Archive) -> MeasuredStages {
    let mut stages: BTreeMap<&'static str, Vec<Duration>> = BTreeMap::new();
    for (_, summary) in archive.list() {
        let Ok((_, summary, transcript)) = archive.open(&summary.conversation_id) else { continue };
        for (stage, took) in delays(&summary, &transcript) {
            stages.entry(stage).or_default().push(took);
        }
    }
    stages.into_iter().map(|(stage, took)| (stage, took.into())).collect()
}

fn delays(summary: &Summary, transcript: &Transcript) -> Vec<(&'static str, Duration)> {
    let real = |agent: &AgentSummary, stage: &str| agent.models.get(stage).is_some_and(|m| !m.starts_with("scripted"));
    // Whoever listens notices the end of speech only after this.
    let noticed = Hearing::default().min_silence.as_secs_f64() * 1e3;
    let mut delays = Vec::new();
    for utterance in &transcript.utterances {
        let Some(agent) = summary.agents.iter().find(|a| a.side == utterance.speaker) else { continue };
        let Some(m) = &utterance.metrics else { continue };
        let stt = m.transcription_delay_ms.map(|ms| ms - noticed);
        for (stage, took) in [("stt", stt), ("llm", m.llm_ttft_ms), ("tts", m.tts_ttfb_ms)] {
            if let Some(ms) = took.filter(|ms| ms.is_finite() && real(agent, stage)) {
                delays.push((stage, Duration::from_secs_f64((ms / 1e3).clamp(0.0, 60.0))));
            }
        }
    }
    delays
}
