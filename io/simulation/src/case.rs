use crate::suite::{Bound, Line, Situation, Suite};
use duologue_conversation::scenario::{self, CastScenario, Casting, LoadError, Scenario};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Why a suite has no cases.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    /// A scenario or a persona can't be loaded.
    #[error(transparent)]
    Scenario(#[from] LoadError),
    /// A situation does not make a scenario.
    #[error("this situation can't be played; this is a defect: {0}")]
    Situation(#[from] serde_json::Error),
}

/// What is held once for each seed.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its name in results: situation or scenario, who plays where the suite says so, and the line.
    pub id: String,
    /// A line for people.
    pub title: String,
    /// What it is about, and who plays it.
    pub cast: Arc<CastScenario>,
    /// The script of the caller, where there is one.
    pub situation: Option<Arc<Situation>>,
    /// Through what the caller is heard.
    pub line: Line,
    /// What has to hold of it.
    pub expect: BTreeMap<String, Bound>,
}

/// All cases of a suite, in its order.
///
/// # Errors
/// A scenario or a persona of it can't be loaded.
pub fn cases(suite: &Suite) -> Result<Vec<Case>, CaseError> {
    let clean = [clean_line()];
    let lines = |names: &[String]| {
        let all: &[Line] = if suite.lines.is_empty() { &clean } else { &suite.lines };
        let wanted = |l: &&Line| names.is_empty() || names.contains(&l.name);
        all.iter().filter(wanted).cloned().collect::<Vec<_>>()
    };
    let with = |expect: &BTreeMap<String, Bound>| {
        suite.expect.iter().chain(expect).map(|(name, bound)| (name.clone(), *bound)).collect::<BTreeMap<_, _>>()
    };
    let mut cases = Vec::new();
    for situation in &suite.situations {
        let cast = Arc::new(cast_of(situation)?);
        for line in lines(&situation.lines) {
            cases.push(Case {
                id: named(&situation.id, &line, suite),
                title: situation.title.clone(),
                cast: cast.clone(),
                situation: Some(Arc::new(situation.clone())),
                line,
                expect: with(&situation.expect),
            });
        }
    }
    for case in &suite.scenarios {
        for casting in castings(&case.supports, &case.customers) {
            let cast = Arc::new(scenario::load(&case.scenario, &casting).map_err(LoadError::without_content)?);
            let others = [&casting.support, &casting.customer].into_iter().flatten();
            let id = std::iter::once(&cast.scenario().id).chain(others).cloned().collect::<Vec<_>>().join("-");
            for line in lines(&case.lines) {
                cases.push(Case {
                    id: named(&id, &line, suite),
                    title: cast.scenario().title.clone(),
                    cast: cast.clone(),
                    situation: None,
                    line,
                    expect: with(&case.expect),
                });
            }
        }
    }
    Ok(cases)
}

fn clean_line() -> Line {
    Line { name: "clean".to_owned(), noise: None, telephone: false, poor_microphone: false, network: None }
}

fn named(id: &str, line: &Line, suite: &Suite) -> String {
    if suite.lines.is_empty() { id.to_owned() } else { format!("{id}.{}", line.name) }
}

fn castings(supports: &[String], customers: &[String]) -> Vec<Casting> {
    let or_nobody = |names: &[String]| match names {
        [] => vec![None],
        names => names.iter().cloned().map(Some).collect(),
    };
    let (supports, customers) = (or_nobody(supports), or_nobody(customers));
    let of = |support: &Option<String>| {
        let support = support.clone();
        customers.iter().map(move |customer| Casting { support: support.clone(), customer: customer.clone() })
    };
    supports.iter().flat_map(of).collect()
}

/// A situation as a scenario of its own.
fn cast_of(situation: &Situation) -> Result<CastScenario, serde_json::Error> {
    let persona = |name: &str, background: &str| {
        serde_json::from_value(json!({"name": name, "background": background, "way_of_speaking": "as scripted"}))
    };
    let mut scenario: Scenario = serde_json::from_value(json!({
        "title": situation.title,
        "description": situation.title,
        "support": {"persona": "agent", "greeting": situation.greeting},
        "customer": {"persona": "caller"},
        "opens": if situation.greeting.is_some() { "support" } else { "customer" },
        "success": [{"min_turns": 1}],
        "limits": {"turns": 1_000, "duration_s": 600.0, "silence_s": 30.0},
    }))?;
    scenario.id.clone_from(&situation.id);
    let agent = persona("Agent", "The agent under test; it says given lines.")?;
    Ok(CastScenario::new(scenario, agent, persona("Caller", "A caller by script.")?))
}
