//! Prices of models: the table's, and those in `prices` of duologue.yaml.

use crate::choice::{Choice, SideChoices};
use crate::remote::{REMOTES, Remote};
use crate::settings::Settings;
use duologue_models::{Price, Prices, Quote};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What a price may hold, and what it is of.
const KINDS: [(&str, &str); 5] = [
    ("input", "a million tokens read"),
    ("cached_input", "a million tokens read from a cache; as `input` where it is left out"),
    ("output", "a million tokens written"),
    ("characters", "a million characters spoken"),
    ("minute", "a minute of sound heard"),
];

/// Of `prices` in the JSON Schema of duologue.yaml.
pub(crate) fn schema() -> Value {
    let kind = |(key, of): (&str, &str)| {
        let about = format!("US dollars for {of}");
        (key.to_owned(), json!({ "type": "number", "minimum": 0, "description": about }))
    };
    let properties: Map<String, Value> = KINDS.into_iter().map(kind).collect();
    json!({
        "type": "object",
        "description": "prices by `PROVIDER/MODEL`, before those that Duologue knows, and for any address",
        "propertyNames": { "pattern": "^[a-z-]+/.+$" },
        "additionalProperties": { "type": "object", "additionalProperties": false, "properties": properties },
    })
}

/// Prices as duologue.yaml has them.
///
/// # Errors
/// A name that no model can have.
pub(crate) fn read(tree: &Value) -> Result<BTreeMap<String, Price>, String> {
    let Some(entries) = tree.as_object() else { return Ok(BTreeMap::new()) };
    let one = |(model, price): (&String, &Value)| {
        let provider = model.split_once('/').filter(|(_, model)| !model.is_empty()).map(|(provider, _)| provider);
        if !provider.is_some_and(|p| p == "local" || Remote::named(p).is_some()) {
            let providers = REMOTES.each_ref().map(|r| r.name).join("`, `");
            return Err(format!(
                "`prices` in duologue.yaml: `{model}` is no PROVIDER/MODEL\n  help: the provider is one of `local`, `{providers}`"
            ));
        }
        let price = serde_json::from_value(price.clone()).map_err(|e| format!("`prices`: `{model}`: {e}"))?;
        Ok((model.clone(), price))
    };
    entries.iter().map(one).collect()
}

/// `input 0.2, output 0.8`
pub(crate) fn in_words(price: &Price) -> String {
    let price = serde_json::to_value(price).unwrap_or_default();
    let kinds = KINDS.iter().filter_map(|(kind, _)| Some(format!("{kind} {}", price.get(kind)?.as_f64()?)));
    kinds.collect::<Vec<_>>().join(", ")
}

/// The prices of a side's models, by stage. `models` are their names, as the summary has them.
pub fn quotes(
    choices: &SideChoices,
    models: &BTreeMap<String, String>,
    settings: &Settings,
) -> BTreeMap<String, Quote> {
    let prices = Prices::with(settings.prices().clone());
    let quote = |(stage, model): (&String, &String)| {
        let choice = match stage.as_str() {
            "stt" => &choices.stt,
            "tts" => &choices.tts,
            _ => &choices.llm,
        };
        let at_home = match choice {
            Choice::Remote(choice) => choice.is_at_home(settings),
            Choice::Local | Choice::Scripted => true,
        };
        Some((stage.clone(), prices.find(model, at_home)?))
    };
    models.iter().filter_map(quote).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::choice::Wishes;
    use duologue_conversation::scenario::{self, Side};
    use std::path::Path;

    fn settings(folder: &Path, more: &[(&str, &str)]) -> Settings {
        let env = [&[("HOME", "/nowhere")], more].concat();
        Settings::read(folder, &env.into_iter().map(|(k, v)| (k.into(), v.into())).collect(), &[]).unwrap()
    }

    /// The price of a million tokens read and written by this language model.
    fn of_llm(llm: &str, settings: &Settings) -> Option<(Option<f64>, Option<f64>)> {
        let wishes = Wishes { llm: Some(llm.into()), stt: Some("deepgram".into()), ..Wishes::default() };
        let cast = scenario::load("internet-outage", &Default::default()).unwrap();
        let side = SideChoices::of(Side::Support, &wishes, &cast, settings).unwrap();
        let quotes = quotes(&side, &side.describe(Some("qwen")), settings);
        let price = quotes.get("llm").or(quotes.get("realtime"))?.price;
        Some((price.input, price.output))
    }

    #[test]
    fn the_table_is_for_the_providers_own_address_and_the_settings_for_any() {
        let dir = tempfile::tempdir().unwrap();
        let plain = settings(dir.path(), &[]);
        let known = of_llm("openai/gpt-4o-mini", &plain).expect("the table has it");
        assert_eq!(of_llm("openai", &plain), Some(known), "it is the default");
        assert_eq!(of_llm("openai/gpt-4o-mini@https://API.openai.com/v1/", &plain), Some(known));
        assert_eq!(of_llm("openai/gpt-4o-mini@https://api.openai.com.evil.example/v1", &plain), None);
        assert_eq!(of_llm("openai/gpt-4o-mini@http://127.0.0.1:8080/v1", &plain), None);
        let elsewhere = settings(dir.path(), &[("OPENAI_BASE_URL", "http://127.0.0.1:8080/v1")]);
        assert_eq!(of_llm("openai/gpt-4o-mini", &elsewhere), None);
        assert_eq!(of_llm("local", &plain), Some((Some(0.0), Some(0.0))));
        assert_eq!(of_llm("openai-realtime", &plain), None, "its tokens do not tell text from sound");

        let yaml = "prices:\n  openai/gpt-4o-mini: {input: 7, output: 8}\n  openai-realtime/gpt-realtime: {input: 1, output: 2}\n";
        std::fs::write(dir.path().join("duologue.yaml"), yaml).unwrap();
        let own = settings(dir.path(), &[]);
        for llm in ["openai/gpt-4o-mini", "openai/gpt-4o-mini-2024-07-18@http://127.0.0.1:8080/v1"] {
            assert_eq!(of_llm(llm, &own), Some((Some(7.0), Some(8.0))), "{llm}");
        }
        assert_eq!(of_llm("openai-realtime", &own), Some((Some(1.0), Some(2.0))));
    }
}
