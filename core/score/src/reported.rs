use crate::spread::Spread;
use serde::{Deserialize, Serialize};

/// Times of one reply, as the party reports them (LiveKit's `MetricsReport`). `None` where a stage did not happen.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct StageTimes {
    /// End of the other's speech to the decision that its turn is over, ms.
    pub end_of_turn_delay_ms: Option<f64>,
    /// End of the other's speech to its words, ms.
    pub transcription_delay_ms: Option<f64>,
    /// Reply asked for to first token, ms.
    pub llm_ttft_ms: Option<f64>,
    /// Reply asked for to first sentence, ms.
    pub llm_ttfs_ms: Option<f64>,
    /// Tokens written per second.
    pub llm_tps: Option<f64>,
    /// First clause sent to first sound back, ms.
    pub tts_ttfb_ms: Option<f64>,
    /// End of the other's speech to the first sound of the reply, ms.
    pub e2e_latency_ms: Option<f64>,
}

/// Where the times of a party's replies lie, stage by stage.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Stages {
    /// End of the other's speech to the decision that its turn is over.
    pub end_of_turn_delay_ms: Spread,
    /// End of the other's speech to its words.
    pub transcription_delay_ms: Spread,
    /// Reply asked for to first token.
    pub llm_ttft_ms: Spread,
    /// Reply asked for to first sentence.
    pub llm_ttfs_ms: Spread,
    /// Tokens written per second.
    pub llm_tps: Spread,
    /// First clause sent to first sound back.
    pub tts_ttfb_ms: Spread,
    /// End of the other's speech to the first sound of the reply.
    pub e2e_latency_ms: Spread,
}

impl Stages {
    /// Of the replies of one party.
    pub fn of(replies: &[StageTimes]) -> Stages {
        let spread = |read: fn(&StageTimes) -> Option<f64>| Spread::of(replies.iter().filter_map(read));
        Stages {
            end_of_turn_delay_ms: spread(|r| r.end_of_turn_delay_ms),
            transcription_delay_ms: spread(|r| r.transcription_delay_ms),
            llm_ttft_ms: spread(|r| r.llm_ttft_ms),
            llm_ttfs_ms: spread(|r| r.llm_ttfs_ms),
            llm_tps: spread(|r| r.llm_tps),
            tts_ttfb_ms: spread(|r| r.tts_ttfb_ms),
            e2e_latency_ms: spread(|r| r.e2e_latency_ms),
        }
    }

    /// Whether nothing was reported.
    pub fn is_empty(&self) -> bool {
        self.each().all(|(_, spread)| spread.count == 0)
    }

    /// Every stage by its name.
    pub fn each(&self) -> impl Iterator<Item = (&'static str, &Spread)> {
        [
            ("end_of_turn_delay_ms", &self.end_of_turn_delay_ms),
            ("transcription_delay_ms", &self.transcription_delay_ms),
            ("llm_ttft_ms", &self.llm_ttft_ms),
            ("llm_ttfs_ms", &self.llm_ttfs_ms),
            ("llm_tps", &self.llm_tps),
            ("tts_ttfb_ms", &self.tts_ttfb_ms),
            ("e2e_latency_ms", &self.e2e_latency_ms),
        ]
        .into_iter()
    }

    /// Of several conversations together.
    pub(crate) fn pool<'a>(all: impl Iterator<Item = &'a Stages> + Clone) -> Stages {
        let spread = |read: fn(&Stages) -> &Spread| Spread::pool(all.clone().map(read));
        Stages {
            end_of_turn_delay_ms: spread(|s| &s.end_of_turn_delay_ms),
            transcription_delay_ms: spread(|s| &s.transcription_delay_ms),
            llm_ttft_ms: spread(|s| &s.llm_ttft_ms),
            llm_ttfs_ms: spread(|s| &s.llm_ttfs_ms),
            llm_tps: spread(|s| &s.llm_tps),
            tts_ttfb_ms: spread(|s| &s.tts_ttfb_ms),
            e2e_latency_ms: spread(|s| &s.e2e_latency_ms),
        }
    }
}
