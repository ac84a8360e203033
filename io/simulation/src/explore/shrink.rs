use super::examine::{Adjust, Examined, examine};
use super::invariants::Invariant;
use crate::suite::{Act, Delay, Network, Situation, Sound, Stages, Suite, TurnSettings};

/// So many cases are tried at most: a minute or two.
const TRIALS: usize = 600;

/// The smallest case that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Shrunk {
    /// The case.
    pub suite: Suite,
    /// What came of it.
    pub examined: Examined,
    /// Cases that were tried.
    pub trials: usize,
}

/// Makes a case small that breaks `invariant`, as long as it still does: fewer acts, lines and words first (halves, then
/// single ones: delta debugging, Zeller and Hildebrandt, 2002), then a better line and path, settings as they are by
/// default, rounder numbers; and again, until nothing more can be left out. The same case always becomes the same.
///
/// `None` where `suite` does not break it.
pub fn shrink(suite: &Suite, invariant: Invariant, adjust: &Adjust) -> Option<Shrunk> {
    let broken = |suite: &Suite| {
        let examined = examine(suite, adjust).ok()?;
        examined.breaches.iter().any(|b| b.invariant == invariant).then_some(examined)
    };
    let mut best = Shrunk { suite: suite.clone(), examined: broken(suite)?, trials: 1 };
    loop {
        let before = best.suite.clone();
        for simpler in [fewer_acts, shorter_texts, better_line, default_settings, rounder_numbers] {
            // After each success the list is made anew: what was left out need not be tried again.
            while best.trials < TRIALS {
                let candidates = simpler(&best.suite).into_iter().filter(|c| *c != best.suite);
                let found = candidates.take(TRIALS - best.trials).find_map(|candidate| {
                    best.trials += 1;
                    broken(&candidate).map(|examined| (candidate, examined))
                });
                let Some((suite, examined)) = found else { break };
                best = Shrunk { suite, examined, trials: best.trials };
            }
        }
        if best.suite == before || best.trials >= TRIALS {
            return Some(best);
        }
    }
}

/// The suite with another situation.
fn with(suite: &Suite, change: impl Fn(&mut Situation)) -> Suite {
    let mut suite = suite.clone();
    suite.situations.iter_mut().for_each(change);
    suite
}

fn fewer_acts(suite: &Suite) -> Vec<Suite> {
    let mut all = Vec::new();
    let Some(situation) = suite.situations.first() else { return all };
    all.extend(fewer(&situation.caller).into_iter().map(|acts| with(suite, |s| s.caller.clone_from(&acts))));
    all.extend(fewer(&situation.agent).into_iter().map(|lines| with(suite, |s| s.agent.clone_from(&lines))));
    if let Some(caller) = &situation.caller_agent {
        let set =
            |lines: Vec<String>| with(suite, |s| s.caller_agent.iter_mut().for_each(|c| c.lines.clone_from(&lines)));
        all.extend(fewer(&caller.lines).into_iter().map(set));
        all.push(with(suite, |s| s.caller_agent.iter_mut().for_each(|c| c.greeting = None)));
    }
    all.push(with(suite, |s| s.greeting = None));
    all
}

/// Without half of them, a quarter, and so on down to one; never none.
fn fewer<T: Clone>(items: &[T]) -> Vec<Vec<T>> {
    let mut all = Vec::new();
    let mut size = items.len() / 2;
    while size > 0 {
        for from in (0..items.len()).step_by(size) {
            let left: Vec<T> = items
                .iter()
                .enumerate()
                .filter(|(n, _)| *n < from || *n >= from + size)
                .map(|(_, i)| i.clone())
                .collect();
            if !left.is_empty() {
                all.push(left);
            }
        }
        size /= 2;
    }
    all
}

fn shorter_texts(suite: &Suite) -> Vec<Suite> {
    let mut all = Vec::new();
    for at in 0..texts(&mut suite.clone()).len() {
        let text = texts(&mut suite.clone()).get(at).map(|t| (**t).clone()).unwrap_or_default();
        let words: Vec<&str> = text.split_whitespace().collect();
        for left in fewer(&words) {
            let mut shorter = suite.clone();
            if let Some(text) = texts(&mut shorter).into_iter().nth(at) {
                *text = left.join(" ");
            }
            all.push(shorter);
        }
    }
    all
}

/// All that is said in it.
fn texts(suite: &mut Suite) -> Vec<&mut String> {
    suite.situations.iter_mut().flat_map(of_situation).collect()
}

fn of_situation(situation: &mut Situation) -> Vec<&mut String> {
    let Situation { greeting, agent, caller, caller_agent, .. } = situation;
    let caller_agent = caller_agent.iter_mut().flat_map(|c| c.greeting.iter_mut().chain(&mut c.lines));
    greeting.iter_mut().chain(agent).chain(caller.iter_mut().flat_map(of_act)).chain(caller_agent).collect()
}

fn of_act(act: &mut Act) -> Vec<&mut String> {
    let Act { say, spell, interrupt, backchannel, aside, background, .. } = act;
    [say, spell, interrupt, backchannel, aside, background].into_iter().flatten().collect()
}

fn better_line(suite: &Suite) -> Vec<Suite> {
    const PERFECT: Network = Network { delay_ms: 0.0, jitter_ms: 0.0, loss: 0.0, echo: false };
    let network = suite.network;
    let mut all = vec![Suite { lines: Vec::new(), ..suite.clone() }];
    for change in [
        |l: &mut crate::suite::Line| l.noise = None,
        |l: &mut crate::suite::Line| l.telephone = false,
        |l: &mut crate::suite::Line| l.poor_microphone = false,
    ] {
        let mut better = suite.clone();
        better.lines.iter_mut().for_each(change);
        all.push(better);
    }
    all.extend(
        [
            PERFECT,
            Network { echo: network.echo, ..PERFECT },
            Network { loss: 0.0, ..network },
            Network { jitter_ms: 0.0, ..network },
            Network { delay_ms: 0.0, ..network },
            Network { echo: false, ..network },
        ]
        .map(|network| Suite { network, ..suite.clone() }),
    );
    all.push(Suite { sound: Sound::Plain, ..suite.clone() });
    all
}

fn default_settings(suite: &Suite) -> Vec<Suite> {
    let (t, l) = (suite.turns, &suite.latency);
    let turns = [
        TurnSettings::default(),
        TurnSettings { interruption_min_duration_ms: None, ..t },
        TurnSettings { interruption_min_words: None, ..t },
        TurnSettings { false_interruption_timeout_ms: None, ..t },
        TurnSettings { endpointing_min_delay_ms: None, ..t },
        TurnSettings { endpointing_max_delay_ms: None, ..t },
        TurnSettings { preemptive: None, ..t },
    ];
    let latency = [
        Stages::default(),
        Stages { stt: None, ..l.clone() },
        Stages { llm: None, ..l.clone() },
        Stages { tts: None, ..l.clone() },
        Stages { stt: steady(l.stt), llm: steady(l.llm), tts: steady(l.tts), tool: steady(l.tool) },
    ];
    let turns = turns.map(|turns| Suite { turns, ..suite.clone() });
    let latency = latency.map(|latency| Suite { latency, ..suite.clone() });
    turns.into_iter().chain(latency).collect()
}

/// Always the same, in the middle.
fn steady(delay: Option<Delay>) -> Option<Delay> {
    let (from, to) = delay.and_then(|d| d.from.zip(d.to))?;
    Some(Delay { ms: Some(((from + to) / 2.0).round()), ..Delay::default() })
}

/// Each number for itself: rounder, or smaller.
fn rounder_numbers(suite: &Suite) -> Vec<Suite> {
    let mut all = Vec::new();
    for at in 0..numbers(&mut suite.clone()).len() {
        let value = numbers(&mut suite.clone()).get(at).map(|n| **n).unwrap_or_default();
        let rounder = [1_000.0, 100.0].map(|to| (value / to).floor() * to);
        for less in rounder.into_iter().filter(|less| *less > 0.0 && *less < value) {
            let mut suite = suite.clone();
            if let Some(number) = numbers(&mut suite).into_iter().nth(at) {
                *number = less;
            }
            all.push(suite);
        }
    }
    let without_after = |n: usize| with(suite, |s| s.caller.iter_mut().skip(n).take(1).for_each(|a| a.after_ms = None));
    let acts = suite.situations.first().map_or(0, |s| s.caller.len());
    all.extend((0..acts).map(without_after));
    all.push(with(suite, |s| s.patience_s = 6.0));
    all
}

/// All milliseconds in it that may be smaller.
fn numbers(suite: &mut Suite) -> Vec<&mut f64> {
    let acts = suite.situations.iter_mut().flat_map(|s| s.caller.iter_mut());
    let acts = acts.flat_map(|a| a.after_ms.iter_mut().chain(a.silent_ms.iter_mut()));
    let stages = [&mut suite.latency.stt, &mut suite.latency.llm, &mut suite.latency.tts].into_iter().flatten();
    let stages = stages.filter_map(|d| d.ms.as_mut());
    let network = [&mut suite.network.delay_ms, &mut suite.network.jitter_ms];
    acts.chain(stages).chain(network).collect()
}
