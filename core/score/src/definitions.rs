/// What a figure means, in words that a reader of the report understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Definition {
    /// Its name in JSON: a field of [`crate::Metrics`] or [`crate::PartyMetrics`].
    pub name: &'static str,
    /// Its name on a page.
    pub title: &'static str,
    /// What it measures, and how.
    pub meaning: &'static str,
}

/// The figures in the order in which a page shows them.
pub const DEFINITIONS: &[Definition] = &[
    Definition {
        name: "heard_e2e_latency_ms",
        title: "Response time",
        meaning: "From the end of one party's speech to the start of the other's, as heard in the recording \
                  (floor-transfer offset). Every change of the floor counts, in both directions; where both speak at \
                  once it is negative. Backchannels, openings and nudges are no change of the floor.",
    },
    Definition {
        name: "turns",
        title: "Turns",
        meaning: "How many times somebody held the floor. Pauses of the same speaker do not divide a turn.",
    },
    Definition { name: "overlap_ratio", title: "Talk-over", meaning: "Share of the speech time in which both speak." },
    Definition { name: "overlap_speech_ms", title: "Both speak", meaning: "Time in which both speak." },
    Definition { name: "total_speech_ms", title: "Speech", meaning: "Time in which at least one speaks." },
    Definition { name: "silence_ratio", title: "Silence", meaning: "Share of the recording in which nobody speaks." },
    Definition {
        name: "longest_silence_ms",
        title: "Longest silence",
        meaning: "The longest time in which nobody speaks, beginning and end of the recording included.",
    },
    Definition {
        name: "awkward_silences",
        title: "Awkward silences",
        meaning: "Silences of more than 2.75 s between the first word and the last.",
    },
    Definition {
        name: "interruptions",
        title: "Interruptions",
        meaning: "Changes of the floor that began more than 0.2 s before the other had finished.",
    },
    Definition {
        name: "time_to_yield_ms",
        title: "Time to yield",
        meaning: "From the start of an interruption until the interrupted party is silent.",
    },
    Definition {
        name: "overlaps_without_transfer",
        title: "Backchannels",
        meaning: "Speech that began and ended inside the other's speech and did not take the floor.",
    },
    Definition {
        name: "stt_wer",
        title: "Word error rate",
        meaning: "Words that speech recognition got wrong, missed or made up, per word said. Spelling of numbers, case, \
                  punctuation and contractions do not count.",
    },
    Definition {
        name: "words_per_minute",
        title: "Words per minute",
        meaning: "Words said per minute of the party's own speech.",
    },
];
