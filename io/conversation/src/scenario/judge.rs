use super::measured::measured_verdict;
use super::mock::holds;
use super::phrase::Phrase;
use super::state;
use super::{By, CastScenario, Criterion, EndState, EndedBy, NotCalled, NotSaid, Said, Side, ToolCalled};
use crate::quantity::counted;
use duologue_score::Metrics;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What is known of a conversation, after it or while it runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ConversationFacts {
    /// All lines, in the order in which they began.
    pub lines: Vec<Line>,
    /// All tool calls, in order.
    pub tool_calls: Vec<CalledTool>,
    /// Why it ended, as the session says; empty while it runs.
    pub end_reason: String,
    /// Who hung up, where somebody did.
    pub ended_by: Option<Side>,
    /// Lines of both sides together.
    pub turns: u32,
    /// Seconds from its beginning.
    pub duration_s: f64,
    /// What was measured in the recording; missing while it runs.
    #[serde(default)]
    pub metrics: Option<Metrics>,
    /// Why it is not known what it cost, a reason for each model.
    #[serde(default)]
    pub unpriced: Vec<String>,
    /// Times that a language model was asked and did not tell its tokens, which are not in the cost.
    #[serde(default)]
    pub untold_requests: u64,
}

/// A line of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Who said it.
    pub by: Side,
    /// The words, as far as they were spoken.
    pub text: String,
    /// What the other side recognised, where that is known.
    pub heard: Option<String>,
    /// It was cut off.
    pub interrupted: bool,
}

/// A tool call of a conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CalledTool {
    /// Which tool.
    pub name: String,
    /// With what.
    pub arguments: Value,
    /// It answered, and did not fail or take too long.
    pub ok: bool,
}

/// What became of one criterion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The criterion in a sentence: "Anna says “24 Maple Street”".
    pub criterion: String,
    /// Whether it holds.
    pub passed: bool,
    /// The evidence, or what is missing.
    pub why: String,
}

/// Judges every success criterion of the scenario, in its order.
///
/// The goal is reached when all have passed. Nothing here depends on a model: the same facts give the same verdicts.
pub fn judge(cast: &CastScenario, facts: &ConversationFacts) -> Vec<Verdict> {
    cast.scenario().success.iter().map(|criterion| verdict(cast, criterion, facts)).collect()
}

/// Whether the goal is reached while the call still runs: everything holds that does not speak of how it ends.
///
/// True does not mean that a goodbye has been said; a call with a course should be let go to its end.
pub fn goal_reached(cast: &CastScenario, facts: &ConversationFacts) -> bool {
    let mut open = cast.scenario().success.iter().filter(|c| !c.is_about_the_end()).peekable();
    open.peek().is_some() && open.all(|criterion| verdict(cast, criterion, facts).passed)
}

fn verdict(cast: &CastScenario, criterion: &Criterion, facts: &ConversationFacts) -> Verdict {
    let evidence = match criterion {
        Criterion::Said(said) => find(said, &lines(facts, said.by, false)),
        Criterion::Heard(heard) => find(heard, &lines(facts, heard.by, true)),
        Criterion::NotSaid(not) => not_said(not, facts),
        Criterion::ToolCalled(tool) => tool_called(tool, &facts.tool_calls),
        Criterion::NotCalled(tool) => not_called(tool, &facts.tool_calls),
        Criterion::CalledInOrder(tools) => called_in_order(tools, &facts.tool_calls),
        Criterion::EndState(wanted) => end_state(cast, wanted, &facts.tool_calls),
        Criterion::EndedBy(who) => ended_by(*who, facts),
        Criterion::MinTurns(min) => within(facts.turns >= *min, turns(facts)),
        Criterion::MaxTurns(max) => within(facts.turns <= *max, turns(facts)),
        Criterion::MaxDurationS(max) => within(
            facts.duration_s <= f64::from(*max),
            format!("it took {}", counted(facts.duration_s.round(), "second")),
        ),
        measured => measured_verdict(measured, facts),
    };
    let (passed, why) = match evidence {
        Ok(why) => (true, why),
        Err(why) => (false, why),
    };
    Verdict { criterion: criterion.describe(cast), passed, why }
}

/// Evidence for a criterion, or what is missing.
pub(super) type Evidence = Result<String, String>;

fn turns(facts: &ConversationFacts) -> String {
    let was = if facts.turns == 1 { "was" } else { "were" };
    format!("there {was} {}", counted(facts.turns, "turn"))
}

pub(super) fn within(holds: bool, why: String) -> Evidence {
    if holds { Ok(why) } else { Err(why) }
}

/// A line that counts, and its number from 1.
type Numbered<'a> = (usize, &'a str);

/// What a side said, or what it recognised of the other.
fn lines(facts: &ConversationFacts, by: By, heard: bool) -> Vec<Numbered<'_>> {
    let numbered = facts.lines.iter().enumerate().map(|(i, line)| (i + 1, line));
    let counts = numbered.filter(|(_, line)| by.includes(if heard { line.by.other() } else { line.by }));
    if heard {
        counts.filter_map(|(n, line)| Some((n, line.heard.as_deref()?))).collect()
    } else {
        counts.map(|(n, line)| (n, line.text.as_str())).collect()
    }
}

fn find(said: &Said, lines: &[Numbered<'_>]) -> Evidence {
    let mut evidence = Vec::new();
    for wanted in &said.all {
        match hits(wanted, lines)?.first() {
            Some(hit) => evidence.push(*hit),
            None => return Err(format!("{} is in none of {}", shown(wanted), counted(lines.len(), "line"))),
        }
    }
    if !said.any.is_empty() {
        let mut found = Vec::new();
        for wanted in &said.any {
            found.append(&mut hits(wanted, lines)?);
        }
        found.sort_unstable();
        found.dedup();
        let needed = said.count.unwrap_or(1) as usize;
        if found.len() < needed {
            let wanted: Vec<String> = said.any.iter().map(|w| shown(w)).collect();
            let why = format!("{} found in {} of {}", wanted.join(" or "), found.len(), counted(lines.len(), "line"));
            return Err(if needed > 1 { format!("{why}, {needed} are needed") } else { why });
        }
        evidence.extend(found.into_iter().take(needed));
    }
    evidence.sort_unstable();
    evidence.dedup();
    let quoted: Vec<String> = evidence.iter().map(|(n, text)| format!("line {n}: “{text}”")).collect();
    Ok(quoted.join("; "))
}

fn hits<'a>(wanted: &str, lines: &[Numbered<'a>]) -> Result<Vec<Numbered<'a>>, String> {
    let phrase = Phrase::parse(wanted).map_err(|why| format!("{} cannot be searched for: {why}", shown(wanted)))?;
    Ok(lines.iter().filter(|(_, text)| phrase.is_in(text)).copied().collect())
}

fn shown(phrase: &str) -> String {
    if phrase.starts_with('/') { phrase.to_owned() } else { format!("“{phrase}”") }
}

fn not_said(not: &NotSaid, facts: &ConversationFacts) -> Evidence {
    let lines = lines(facts, not.by, false);
    for unwanted in &not.any {
        if let Some((n, text)) = hits(unwanted, &lines)?.first() {
            return Err(format!("{} is in line {n}: “{text}”", shown(unwanted)));
        }
    }
    Ok(format!("in none of {}", counted(lines.len(), "line")))
}

fn tool_called(wanted: &ToolCalled, calls: &[CalledTool]) -> Evidence {
    let none = Map::new();
    let named: Vec<&CalledTool> = calls.iter().filter(|c| c.name == wanted.name).collect();
    let fits = |c: &&&CalledTool| holds(c.arguments.as_object().unwrap_or(&none), &wanted.arguments);
    let fitting: Vec<&&CalledTool> = named.iter().filter(fits).collect();
    if let Some(count) = wanted.count {
        let done = fitting.iter().filter(|c| c.ok).count();
        return within(done == count as usize, format!("there {} such with success", were(done, "call")));
    }
    if let Some(call) = fitting.iter().find(|c| c.ok) {
        return Ok(format!("called with {}", call.arguments));
    }
    Err(match (fitting.first(), named.first()) {
        (Some(call), _) => format!("called with {}, but it failed", call.arguments),
        (None, Some(call)) => format!("called only with other arguments: {}", call.arguments),
        (None, None) => "it was not called".to_owned(),
    })
}

fn not_called(unwanted: &NotCalled, calls: &[CalledTool]) -> Evidence {
    let none = Map::new();
    let fits = |c: &&CalledTool| {
        c.name == unwanted.name && holds(c.arguments.as_object().unwrap_or(&none), &unwanted.arguments)
    };
    match calls.iter().find(fits) {
        Some(call) => Err(format!("it was called with {}", call.arguments)),
        None => Ok(format!("there {}, and none was this one", were(calls.len(), "call"))),
    }
}

fn called_in_order(tools: &[String], calls: &[CalledTool]) -> Evidence {
    let mut done = calls.iter().filter(|c| c.ok);
    for (i, tool) in tools.iter().enumerate() {
        if !done.any(|call| call.name == *tool) {
            let after = i.checked_sub(1).and_then(|before| tools.get(before));
            let after = after.map(|before| format!(" after {before}")).unwrap_or_default();
            return Err(format!("{tool} was not called with success{after}"));
        }
    }
    Ok(format!("called: {}", tools.join(", ")))
}

/// Differences that are shown.
const SHOWN: usize = 5;

fn end_state(cast: &CastScenario, wanted: &EndState, calls: &[CalledTool]) -> Evidence {
    let is = state::end_state(cast.scenario(), &wanted.backend, calls);
    let (hash, wanted_hash) = (state::hash(&is), state::hash(&wanted.is));
    if hash == wanted_hash {
        return Ok(format!("it does: SHA-256 {}", &hash[..16]));
    }
    let all = state::differences(&is, &wanted.is);
    let more = all.len().checked_sub(SHOWN).filter(|n| *n > 0).map(|n| format!("; and {n} more")).unwrap_or_default();
    let shown = all.into_iter().take(SHOWN).collect::<Vec<_>>().join("; ");
    Err(format!("{shown}{more} (SHA-256 {} instead of {})", &hash[..16], &wanted_hash[..16]))
}

/// `was 1 call`, `were 2 calls`.
fn were(n: usize, one: &str) -> String {
    format!("{} {}", if n == 1 { "was" } else { "were" }, counted(u32::try_from(n).unwrap_or(u32::MAX), one))
}

fn ended_by(who: EndedBy, facts: &ConversationFacts) -> Evidence {
    // A side can also end a call by failing; that is nobody's goodbye.
    let hung_up = matches!(facts.end_reason.as_str(), "agent_ended" | "peer_ended");
    let fits = match (who, facts.ended_by.filter(|_| hung_up)) {
        (_, None) => {
            let reason = if facts.end_reason.is_empty() { "the call still runs" } else { &facts.end_reason };
            return Err(format!("nobody hung up: {}", reason.replace('_', " ")));
        }
        (EndedBy::Support, Some(side)) => side == Side::Support,
        (EndedBy::Customer, Some(side)) => side == Side::Customer,
        (EndedBy::Either, Some(_)) => true,
    };
    let side = facts.ended_by.map(Side::as_str).unwrap_or_default();
    within(fits, format!("the {side} side hung up"))
}
