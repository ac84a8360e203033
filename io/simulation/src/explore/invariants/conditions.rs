use crate::case::Case;
use crate::suite::{Delay, Sound, Suite};

/// Under what a conversation was held: how much may be demanded of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conditions {
    /// Nothing stands between mouth and packet, by side: what is sent is what was said.
    pub clean_voice: [bool; 2],
    /// No packet is lost and nothing comes back.
    pub clean_path: bool,
    /// Packets come evenly enough that a jitter buffer, which knows nothing of the path at first, loses none of them.
    pub even_path: bool,
    /// No echo comes back later than a session knows it for one.
    pub echo_within_reach: bool,
    /// What crosses is coded with loss.
    pub coded: bool,
    /// Who is an agent.
    pub agents: [bool; 2],
    /// From mouth to ear at least, seconds.
    pub delay_s: f64,
    /// From mouth to ear at most, seconds: the path, and the jitter buffer behind it.
    pub crossing_s: f64,
    /// From the end of a turn's sound to the decision that it is over at most, seconds.
    pub decision_s: f64,
    /// Both may be silent for so long before an agent has to break it, seconds.
    pub silence_s: f64,
    /// An interruption takes so long by itself, seconds.
    pub interruption_s: f64,
}

/// The longest time from which an agent draws until it breaks a silence, seconds.
const NUDGE_S: f64 = 10.0;
/// What a jitter buffer adds to the spread of the path, seconds.
const BUFFER_S: f64 = 0.12;
/// A spread that no jitter buffer notices: half a packet's length.
const EVEN_MS: f64 = 10.0;
/// Later than this after the words an echo is not known for one: what `duologue_voice` says of itself, seconds.
const ECHO_REACH_S: f64 = 0.8;
/// The slowest room, seconds.
const ROOM_S: f64 = 0.16;

impl Conditions {
    /// Those of a case.
    pub fn of(suite: &Suite, case: &Case) -> Conditions {
        let network = case.line.network.unwrap_or(suite.network);
        let of_line = &case.line;
        let clean_line = of_line.noise.is_none() && !of_line.telephone && !of_line.poor_microphone;
        let scripted = case.situation.as_ref().is_some_and(|s| s.caller_agent.is_none());
        let turns = &suite.turns;
        let seconds = |ms: Option<f64>, default: f64| ms.unwrap_or(default) / 1e3;
        let endpointing =
            seconds(turns.endpointing_max_delay_ms, 2_500.0).max(seconds(turns.endpointing_min_delay_ms, 500.0));
        let crossing_s = (network.delay_ms + 2.0 * network.jitter_ms) / 1e3 + BUFFER_S;
        let decision_s = crossing_s + endpointing + longest(suite.latency.stt, 0.3) + 0.5;
        Conditions {
            clean_voice: [true, clean_line],
            clean_path: network.loss == 0.0 && !network.echo,
            even_path: network.jitter_ms <= EVEN_MS,
            echo_within_reach: !network.echo || 2.0 * crossing_s + ROOM_S <= ECHO_REACH_S,
            coded: suite.sound == Sound::Opus,
            agents: [true, !scripted],
            delay_s: network.delay_ms / 1e3,
            crossing_s,
            decision_s,
            // A false interruption may stand before it, and what is heard last is weighed first.
            silence_s: NUDGE_S + decision_s + seconds(turns.false_interruption_timeout_ms, 2_000.0) + 1.0,
            interruption_s: seconds(turns.interruption_min_duration_ms, 500.0),
        }
    }
}

/// The longest that a stage takes, but for one in thousands, seconds.
fn longest(delay: Option<Delay>, default_s: f64) -> f64 {
    match delay.unwrap_or_default() {
        Delay { ms: Some(ms), .. } => ms / 1e3,
        Delay { to: Some(to), .. } => to / 1e3,
        Delay { p95: Some(p95), .. } => 4.0 * p95 / 1e3,
        Delay { measured: true, .. } => 10.0,
        _ => default_s,
    }
}
