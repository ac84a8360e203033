//! How a conversation was held, in sentences for people: nobody should take a script for a model, or a model that was
//! led for one that found its own way.

use crate::casting;
use crate::scenario::{CastScenario, Side};
use crate::summary::{AgentSummary, Guidance, Summary};
use duologue_score::{Finding, FindingKind};
use std::collections::BTreeMap;

/// What the summary calls a stage that reads from a file.
const SCRIPTED: &str = "scripted";
const LOCAL: &str = "local/";

/// How a conversation with these models (`provider/model` by stage, of the support agent and of the customer) will be
/// held: the sentences that its summary and its report will carry.
pub fn remarks(cast: &CastScenario, models: &[BTreeMap<String, String>; 2]) -> Vec<String> {
    let agents = [Side::Support, Side::Customer].map(|side| AgentSummary {
        side,
        agent_name: cast.agent_name(side).to_string(),
        name: cast.persona(side).name.clone(),
        persona: cast.persona(side).background.clone(),
        models: models[casting::index(side)].clone(),
        voice: String::new(),
        usage: None,
    });
    notes(guidance(cast.has_course(), &agents), &agents)
}

/// What led the language models of these agents.
pub(crate) fn guidance(has_course: bool, agents: &[AgentSummary]) -> Guidance {
    let scripted = agents.iter().all(|a| brain(a) == SCRIPTED);
    match (scripted, has_course) {
        (true, _) => Guidance::Scripted,
        (false, true) => Guidance::Course,
        (false, false) => Guidance::Free,
    }
}

/// A sentence or two on the language models, and one on speech where no model heard or spoke.
pub(crate) fn notes(guidance: Guidance, agents: &[AgentSummary]) -> Vec<String> {
    let mut notes = match guidance {
        Guidance::Scripted => {
            vec!["No language model is at work: both agents read their lines from a dialogue file.".to_owned()]
        }
        Guidance::Course | Guidance::Free => language_models(guidance, agents),
    };
    let speech = agents.iter().flat_map(|a| [model(a, "stt"), model(a, "tts")]);
    if !agents.is_empty() && speech.clone().all(|m| m == SCRIPTED) {
        notes.push(
            "No speech model is at work: the voices are a babble that carries its words. Word error rates and \
             response times say nothing about real models."
                .to_owned(),
        );
    }
    notes
}

/// How many differences between report and recording are told one by one.
const TOLD: usize = 3;

/// One sentence on where the figures that the sessions report differ from the recording; none where they agree.
pub(crate) fn disagreement(findings: &[Finding], summary: &Summary) -> Option<String> {
    let first: Vec<String> = findings.iter().take(TOLD).map(|f| difference(f, summary)).collect();
    let more = match findings.len().saturating_sub(TOLD) {
        0 => String::new(),
        n => format!("; and {n} more"),
    };
    (!first.is_empty()).then(|| {
        format!(
            "The recording differs from what the sessions report: {}{more}. The figures are those of the recording.",
            first.join("; ")
        )
    })
}

/// One difference as a part of a sentence.
pub(crate) fn difference(finding: &Finding, summary: &Summary) -> String {
    let side = casting::side(finding.by);
    let who = summary.agents.iter().find(|a| a.side == side).map_or(side.as_str(), |a| a.name.as_str());
    let at = format!("at {:.1} s", finding.at.as_secs_f64());
    let (reported, measured) = (finding.reported_ms.unwrap_or_default(), finding.measured_ms.unwrap_or_default());
    match finding.kind {
        FindingKind::Latency => format!("{at} {who} answered after {measured:.0} ms, not {reported:.0}"),
        FindingKind::Start => format!("{who} began at {:.2} s, not {:.2}", measured / 1e3, reported / 1e3),
        FindingKind::End => format!("{who} ended at {:.2} s, not {:.2}", measured / 1e3, reported / 1e3),
        FindingKind::NotHeard => format!("{at} nothing is heard of what {who} said"),
        FindingKind::NotTold => format!("{at} {who} speaks, and the transcript has nothing of it"),
        FindingKind::NotInterrupted => format!("{at} {who} was cut off though nobody else spoke"),
        FindingKind::Interrupted => format!("{at} {who} was interrupted, and nothing says so"),
    }
}

fn language_models(guidance: Guidance, agents: &[AgentSummary]) -> Vec<String> {
    let (readers, writers): (Vec<_>, Vec<_>) = agents.iter().partition(|a| brain(a) == SCRIPTED);
    let mut models: Vec<&str> = writers.iter().map(|a| brain(a)).filter(|m| !m.is_empty()).collect();
    models.dedup();
    let local = !models.is_empty() && models.iter().all(|m| m.starts_with(LOCAL));
    let (kind, verbs) = match (local, models.as_slice()) {
        (true, [_]) => ("The local model", ["follows", "has"]),
        (true, _) => ("The local models", ["follow", "have"]),
        (false, [_]) => ("The language model", ["gets", "has"]),
        (false, _) => ("The language models", ["get", "have"]),
    };
    let named = if models.is_empty() { String::new() } else { format!(" ({})", models.join(", ")) };
    let mut notes = vec![match guidance {
        Guidance::Course if local => format!(
            "{kind}{named} {} the scenario's course, one hint per turn, in words that are often the hint's own.",
            verbs[0]
        ),
        // Any other is told, and may do otherwise.
        Guidance::Course => format!(
            "{kind}{named} {} the scenario's course, one hint per turn. How closely to follow it is left to the model, \
             and so are wording and timing.",
            verbs[0]
        ),
        _ => format!("{kind}{named} {} persona and scenario, and no hints on the way.", verbs[1]),
    }];
    notes.extend(readers.iter().map(|a| format!("{} is no model: the lines come from a dialogue file.", a.name)));
    notes
}

/// What finds the words: a language model, or one that hears and speaks as well.
fn brain(agent: &AgentSummary) -> &str {
    match model(agent, "realtime") {
        "" => model(agent, "llm"),
        realtime => realtime,
    }
}

fn model<'a>(agent: &'a AgentSummary, stage: &str) -> &'a str {
    agent.models.get(stage).map_or("", String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Side;

    fn agents(models: [[&str; 3]; 2]) -> Vec<AgentSummary> {
        let agent = |(side, name): (Side, &str), models: [&str; 3]| AgentSummary {
            side,
            agent_name: String::new(),
            name: name.into(),
            persona: String::new(),
            models: ["stt", "llm", "tts"].into_iter().zip(models).map(|(s, m)| (s.into(), m.into())).collect(),
            voice: String::new(),
            usage: None,
        };
        let [support, customer] = models;
        vec![agent((Side::Support, "Joe"), support), agent((Side::Customer, "Anna"), customer)]
    }

    fn told(has_course: bool, models: [[&str; 3]; 2]) -> (Guidance, Vec<String>) {
        let agents = agents(models);
        let guidance = guidance(has_course, &agents);
        (guidance, notes(guidance, &agents))
    }

    #[test]
    fn a_local_model_that_was_led_is_said_to_have_been_led() {
        let local = ["local/tiny.en", "local/small", "local/hibari"];
        let (guidance, notes) = told(true, [local, local]);
        assert_eq!(guidance, Guidance::Course);
        assert_eq!(
            notes,
            ["The local model (local/small) follows the scenario's course, one hint per turn, in words that are \
              often the hint's own."]
        );
        assert!(told(false, [local, local]).1[0].contains("no hints"));
    }

    #[test]
    fn a_realtime_model_is_named_as_the_one_that_finds_the_words() {
        let mut agents = agents([["", "", ""], ["deepgram/nova-3", "scripted", "minimax/turbo"]]);
        agents[0].models = [("realtime".to_string(), "openai-realtime/gpt-realtime".to_string())].into();
        let guidance = guidance(false, &agents);
        let notes = notes(guidance, &agents);
        assert_eq!(guidance, Guidance::Free);
        assert!(notes[0].starts_with("The language model (openai-realtime/gpt-realtime) has persona"), "{notes:?}");
        assert!(notes[1].starts_with("Anna is no model") && notes.len() == 2, "{notes:?}");
    }

    #[test]
    fn a_script_is_said_to_be_one() {
        let script = ["scripted"; 3];
        let (guidance, notes) = told(true, [script, script]);
        assert_eq!((guidance, notes.len()), (Guidance::Scripted, 2));
        assert!(!notes.concat().contains("course"));
        let mixed = [["local/a", "scripted", "local/b"], ["local/a", "openai/gpt", "local/b"]];
        let (guidance, notes) = told(true, mixed);
        assert_eq!(guidance, Guidance::Course);
        assert!(notes[0].starts_with("The language model (openai/gpt) gets the scenario's course, one"), "{notes:?}");
        assert!(notes[0].contains("How closely to follow it is left to the model"), "{notes:?}");
        assert!(notes[1].starts_with("Joe is no model"), "{notes:?}");
    }
}
