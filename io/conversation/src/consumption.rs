//! What the models of a side consumed, and what that cost.

use crate::summary::AgentSummary;
use duologue_models::{Price, Quote};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the models of one side consumed. What was called off is in it as far as it was given to a provider; the tokens of
/// a reply are known only where the provider told them at its end.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Consumption {
    /// Times that the language model, or the one that hears and speaks, was asked.
    pub llm_requests: u64,
    /// Of those, times that it told how many tokens it took.
    pub llm_told: u64,
    /// Tokens read.
    pub prompt_tokens: u64,
    /// Of those, read from a cache.
    pub cached_tokens: u64,
    /// Tokens written.
    pub completion_tokens: u64,
    /// Characters given to the voice.
    pub tts_characters: u64,
    /// Seconds of sound given to the recogniser.
    pub stt_seconds: f64,
    /// What each stage that was used cost: `stt`, `llm`, `tts`, or `realtime`.
    pub stages: BTreeMap<String, StageCost>,
}

/// What one stage cost.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StageCost {
    /// US dollars; missing where they are not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
    /// The price that they follow from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
    /// The day on which the table's price was read; none where the settings gave it, and where it is free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_date: Option<String>,
    /// Why the cost is not known, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
}

impl Consumption {
    /// US dollars of all stages; `None` as soon as one that was used has no price.
    pub fn cost(&self) -> Option<f64> {
        self.stages.values().try_fold(0.0, |sum, stage| Some(sum + stage.cost?))
    }

    /// Times that a model with a price was asked and did not tell its tokens, most often because the reply was called off.
    /// Whatever they cost comes on top.
    pub fn untold(&self) -> u64 {
        let priced = |stage: &str| self.stages.get(stage)?.price.filter(|price| !is_free(price));
        let count = priced("llm").or_else(|| priced("realtime"));
        count.map_or(0, |_| self.llm_requests.saturating_sub(self.llm_told))
    }

    /// The oldest day on which one of its prices was read.
    pub fn prices_of(&self) -> Option<&str> {
        self.stages.values().filter_map(|stage| stage.price_date.as_deref()).min()
    }

    /// Works out what each of these stages cost.
    fn priced(mut self, stages: &[&str], models: &BTreeMap<String, String>, quotes: &BTreeMap<String, Quote>) -> Self {
        let used = stages.iter().filter(|stage| match **stage {
            "stt" => self.stt_seconds > 0.0,
            "tts" => self.tts_characters > 0,
            _ => self.llm_requests > 0,
        });
        let price = |stage: &&str| {
            let model = models.get(*stage).map_or(*stage, String::as_str);
            ((*stage).to_owned(), self.stage_cost(stage, model, quotes.get(*stage)))
        };
        self.stages = used.map(price).collect();
        self
    }

    fn stage_cost(&self, stage: &str, model: &str, quote: Option<&Quote>) -> StageCost {
        let unknown = |why: String| StageCost { unknown: Some(why), ..StageCost::default() };
        let Some(Quote { price, date }) = quote else { return unknown(format!("no price is known for {model}")) };
        let (cost, wanted) = match stage {
            "stt" => (price.of_sound(self.stt_seconds), "`minute`"),
            "tts" => (price.of_characters(self.tts_characters), "`characters`"),
            _ if self.llm_told == 0 && !is_free(price) => {
                return unknown(format!("{model} did not tell how many tokens it took"));
            }
            _ => (
                price.of_tokens(self.prompt_tokens, self.cached_tokens, self.completion_tokens),
                "`input` and `output`",
            ),
        };
        if cost.is_none() {
            return unknown(format!("the price of {model} lacks {wanted}"));
        }
        StageCost { cost, price: Some(*price), price_date: date.clone(), unknown: None }
    }
}

/// Whether its tokens cost nothing, however many they are.
fn is_free(price: &Price) -> bool {
    price.of_tokens(1, 0, 1) == Some(0.0)
}

/// Writes into the summary what each side consumed, and what that cost at these prices by stage.
pub(crate) fn priced(agents: &mut [AgentSummary], consumed: [Consumption; 2], quotes: &[BTreeMap<String, Quote>; 2]) {
    for agent in agents {
        let place = crate::casting::index(agent.side);
        let realtime = agent.models.contains_key("realtime");
        let stages = if realtime { &["realtime"][..] } else { &["stt", "llm", "tts"][..] };
        agent.usage = Some(consumed[place].clone().priced(stages, &agent.models, &quotes[place]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quote(price: Price) -> Quote {
        Quote { price, date: Some("2026-11-21".into()) }
    }

    fn used() -> Consumption {
        Consumption {
            llm_requests: 3,
            llm_told: 3,
            prompt_tokens: 1_000_000,
            cached_tokens: 500_000,
            completion_tokens: 100_000,
            tts_characters: 2_000,
            stt_seconds: 120.0,
            ..Consumption::default()
        }
    }

    fn cascade() -> BTreeMap<String, Quote> {
        let tokens = Price { input: Some(1.0), cached_input: Some(0.5), output: Some(4.0), ..Price::default() };
        let characters = Price { characters: Some(15.0), ..Price::default() };
        let sound = Price { minute: Some(0.006), ..Price::default() };
        [("llm", tokens), ("tts", characters), ("stt", sound)].map(|(s, p)| (s.to_owned(), quote(p))).into()
    }

    const STAGES: [&str; 3] = ["stt", "llm", "tts"];

    fn models() -> BTreeMap<String, String> {
        STAGES.map(|stage| (stage.to_owned(), format!("openai/my-{stage}"))).into()
    }

    #[test]
    fn a_side_costs_what_its_stages_cost_together() {
        let all = used().priced(&STAGES, &models(), &cascade());
        let of = |stage: &str| all.stages[stage].cost;
        assert_eq!((of("llm"), of("tts"), of("stt")), (Some(0.5 + 0.25 + 0.4), Some(0.03), Some(0.012)));
        assert!((all.cost().unwrap() - 1.192).abs() < 1e-9);
        assert_eq!((all.prices_of(), all.untold()), (Some("2026-11-21"), 0));
        let kept: Consumption = serde_json::from_str(&serde_json::to_string(&all).unwrap()).unwrap();
        assert_eq!(kept, all);
    }

    #[test]
    fn one_stage_without_a_price_makes_the_whole_unknown_and_one_that_was_not_used_does_not() {
        let mut quotes = cascade();
        quotes.remove("tts");
        let all = used().priced(&STAGES, &models(), &quotes);
        assert_eq!(all.cost(), None);
        assert_eq!(all.stages["tts"].unknown.as_deref(), Some("no price is known for openai/my-tts"));
        assert!(all.stages["llm"].cost.is_some());
        let silent = Consumption { tts_characters: 0, ..used() }.priced(&STAGES, &models(), &quotes);
        assert!(silent.cost().is_some() && !silent.stages.contains_key("tts"));
        quotes.insert("tts".into(), quote(Price { minute: Some(1.0), ..Price::default() }));
        let all = used().priced(&STAGES, &models(), &quotes);
        assert_eq!(all.stages["tts"].unknown.as_deref(), Some("the price of openai/my-tts lacks `characters`"));
    }

    #[test]
    fn a_model_that_tells_no_tokens_has_no_cost_unless_it_is_free() {
        let mute = Consumption { llm_told: 0, prompt_tokens: 0, cached_tokens: 0, completion_tokens: 0, ..used() };
        let all = mute.clone().priced(&STAGES, &models(), &cascade());
        assert_eq!(all.cost(), None);
        assert!(all.stages["llm"].unknown.as_deref().is_some_and(|why| why.contains("openai/my-llm did not tell")));
        let free = Price { input: Some(0.0), output: Some(0.0), ..Price::default() };
        let mut quotes = cascade();
        quotes.insert("llm".into(), Quote { price: free, date: None });
        let all = mute.priced(&STAGES, &models(), &quotes);
        assert_eq!((all.stages["llm"].cost, all.untold()), (Some(0.0), 0));
    }

    #[test]
    fn requests_that_told_nothing_are_counted_where_they_cost_something() {
        let some = Consumption { llm_requests: 5, ..used() };
        assert_eq!(some.priced(&STAGES, &models(), &cascade()).untold(), 2);
    }
}
