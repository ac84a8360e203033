use serde::Serialize;

/// What a figure means, in words that a reader of the report understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Definition {
    /// Its name in JSON: a field of [`crate::Metrics`], [`crate::PartyMetrics`], [`crate::Selectivity`] or
    /// [`crate::Stages`].
    pub name: &'static str,
    /// Its name on a page.
    pub title: &'static str,
    /// `ms`, `share` (0 to 1), `count`, `per minute`, `per second`, `score` (0 to 1), `money`, `word`.
    pub unit: &'static str,
    /// Which way is good.
    pub better: Better,
    /// What it measures, and how.
    pub meaning: &'static str,
    /// Whose definition it is.
    pub source: &'static str,
}

/// Which way is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
    /// It says what happened, not how well.
    Neither,
}

use Better::{Higher, Lower, Neither};

const fn of(
    (name, title): (&'static str, &'static str),
    (unit, better): (&'static str, Better),
    meaning: &'static str,
    source: &'static str,
) -> Definition {
    Definition { name, title, unit, better, meaning, source }
}

const LIVEKIT: &str = "LiveKit SimulationRun.JobMetrics";
const LIVEKIT_REPORT: &str = "LiveKit MetricsReport";
const TAU: &str = "tau-voice, docs/interaction-metrics.md";
const EVA: &str = "EVA, docs/metrics/turn_taking.md";
const OWN: &str = "Duologue";

/// The figures in the order in which a page shows them.
pub const DEFINITIONS: &[Definition] = &[
    of(
        ("heard_e2e_latency_ms", "Response time"),
        ("ms", Lower),
        "From the end of one party's speech to the start of the other's, as heard in the recording \
         (floor-transfer offset). Every change of the floor counts, in both directions; where both speak at \
         once it is negative. Backchannels, openings and nudges are no change of the floor.",
        "LiveKit heard_e2e_latency; L_R of tau-voice, response_speed of EVA",
    ),
    of(
        ("turns", "Turns"),
        ("count", Neither),
        "How many times somebody held the floor. Pauses of the same speaker do not divide a turn.",
        OWN,
    ),
    of(
        ("turn_taking", "Turn-taking"),
        ("score", Higher),
        "Mean score of the answers' timing. Full marks from 0.5 to 2 s (3 s with a tool call), none at 3.5 s (5 s) or half \
         a second too early; at most 0.5 for speaking into the other's turn, less the longer and the more often; for an \
         interrupted party 1 less half for each second until it stops.",
        EVA,
    ),
    of(
        ("response_rate", "Answered turns"),
        ("share", Higher),
        "Turns that were answered before their speaker had to speak again, of all that ended while the other was silent.",
        "R_R of tau-voice",
    ),
    of(
        ("unanswered_turns", "Unanswered turns"),
        ("count", Lower),
        "Turns after which their speaker waited more than 2.75 s (4 s with a tool call) and then spoke again, or the \
         recording ended.",
        TAU,
    ),
    of(
        ("interruptions", "Interruptions"),
        ("count", Lower),
        "How often one began to speak more than 0.2 s before the other had finished, and it was no backchannel, tic or \
         speech to somebody else.",
        TAU,
    ),
    of(
        ("agent_interruption_rate", "Interruption rate"),
        ("share", Lower),
        "Interruptions by a party per turn of the other. May exceed 1.",
        "I_A of tau-voice",
    ),
    of(
        ("time_to_yield_ms", "Time to yield"),
        ("ms", Lower),
        "From the start of an interruption until the interrupted party is silent, where that is within 2 s.",
        "L_Y of tau-voice",
    ),
    of(
        ("yield_rate", "Yields"),
        ("share", Higher),
        "Interruptions to which the interrupted party yielded within 2 s.",
        "R_Y of tau-voice",
    ),
    of(
        ("eot_misprediction_count", "Began too early"),
        ("count", Lower),
        "How often a party began before the other's turn was over: while it spoke, or in a pause after which it went on \
         within 0.5 s.",
        LIVEKIT,
    ),
    of(
        ("false_interruption_count", "False interruptions"),
        ("count", Lower),
        "How often a party stopped for what was no interruption: within 1.0 s of a backchannel, a vocal tic or speech to \
         somebody else.",
        LIVEKIT,
    ),
    of(
        ("backchannel", "Backchannels ignored"),
        ("share", Higher),
        "Backchannels through which the speaker rightly spoke on for 1.0 s.",
        "S_BC of tau-voice",
    ),
    of(
        ("vocal_tic", "Vocal tics ignored"),
        ("share", Higher),
        "Coughs, laughs and the like through which the speaker spoke on for 1.0 s, or that were not answered within 2.0 s.",
        "S_VT of tau-voice",
    ),
    of(
        ("non_directed", "Speech to others ignored"),
        ("share", Higher),
        "Speech to somebody else through which the speaker spoke on for 1.0 s, or that was not answered within 2.0 s.",
        "S_ND of tau-voice",
    ),
    of(
        ("overlaps_without_transfer", "Overlaps that took no floor"),
        ("count", Neither),
        "Speech that began and ended inside the other's speech and did not take the floor: backchannels, vain attempts.",
        OWN,
    ),
    of(("overlap_ratio", "Talk-over"), ("share", Lower), "Share of the speech time in which both speak.", LIVEKIT),
    of(("overlap_speech_ms", "Both speak"), ("ms", Lower), "Time in which both speak.", LIVEKIT),
    of(("total_speech_ms", "Speech"), ("ms", Neither), "Time in which at least one speaks.", LIVEKIT),
    of(("silence_ratio", "Silence"), ("share", Lower), "Share of the recording in which nobody speaks.", LIVEKIT),
    of(("silence_ms", "Silent time"), ("ms", Lower), "Time in which nobody speaks.", LIVEKIT),
    of(
        ("longest_silence_ms", "Longest silence"),
        ("ms", Lower),
        "The longest time in which nobody speaks, beginning and end of the recording included.",
        OWN,
    ),
    of(
        ("awkward_silence_count", "Awkward silences"),
        ("count", Lower),
        "Silences between the first word and the last of more than 2.75 s, or 4 s where a tool is called in them.",
        "LiveKit awkward_silence_count with EVA's late limits",
    ),
    of(("length_ms", "Length"), ("ms", Neither), "Length of the recording.", OWN),
    of(
        ("stt_wer", "Word error rate"),
        ("share", Lower),
        "Words that speech recognition got wrong, missed or made up, per word said. Spelling of numbers, case, \
         punctuation and contractions do not count.",
        "EVA stt_wer",
    ),
    of(("stt_cer", "Character error rate"), ("share", Lower), "The same per character, blanks left out.", LIVEKIT),
    of(
        ("tts_wer", "Word error rate of the voice"),
        ("share", Lower),
        "Words that a recogniser outside the conversation did not find in the recorded voice, per word that it was to say.",
        LIVEKIT,
    ),
    of(
        ("entity_recall", "Names, codes and amounts heard"),
        ("share", Higher),
        "Of the names, codes and amounts that were said, those that were heard without an error.",
        "EVA transcription_accuracy_key_entities",
    ),
    of(
        ("words_per_minute", "Words per minute"),
        ("per minute", Neither),
        "Words said per minute of the party's own speech.",
        OWN,
    ),
    of(
        ("task_completion", "Task completed"),
        ("share", Higher),
        "Whether what was to be achieved was achieved, by rules: 1 or 0.",
        "LiveKit, EVA and tau-voice task_completion",
    ),
    of(("end_reason", "Ending"), ("word", Neither), "Why the conversation ended.", LIVEKIT),
    of(("cost", "Cost"), ("US dollars", Lower), "What the models cost, by their providers' prices.", LIVEKIT),
    of(
        ("end_of_turn_delay_ms", "End-of-turn delay"),
        ("ms", Lower),
        "Reported: from the end of the other's speech to the decision that its turn is over.",
        LIVEKIT_REPORT,
    ),
    of(
        ("transcription_delay_ms", "Transcription delay"),
        ("ms", Lower),
        "Reported: from the end of the other's speech to its words.",
        LIVEKIT_REPORT,
    ),
    of(
        ("llm_ttft_ms", "First token"),
        ("ms", Lower),
        "Reported: from the request to the first token of the language model.",
        LIVEKIT_REPORT,
    ),
    of(
        ("llm_ttfs_ms", "First sentence"),
        ("ms", Lower),
        "Reported: from the request to the first sentence of the language model.",
        LIVEKIT_REPORT,
    ),
    of(
        ("llm_tps", "Tokens per second"),
        ("per second", Higher),
        "Reported: tokens that the language model wrote in a second.",
        LIVEKIT_REPORT,
    ),
    of(
        ("tts_ttfb_ms", "First sound"),
        ("ms", Lower),
        "Reported: from the first clause to the first sound of the voice.",
        LIVEKIT_REPORT,
    ),
    of(
        ("e2e_latency_ms", "Reported response time"),
        ("ms", Lower),
        "Reported: from the end of the other's speech to the first sound of the answer. The recording is held against it.",
        LIVEKIT_REPORT,
    ),
];
