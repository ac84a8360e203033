use super::*;

fn prices() -> Prices {
    Prices::default()
}

#[test]
fn every_row_of_the_table_has_a_day_a_source_and_a_price_of_a_kind() {
    let table: Table = serde_json::from_str(include_str!("prices.json")).expect("it is a table");
    let mut rows = 0;
    for group in &table.groups {
        let parts: Vec<usize> = group.date.split('-').filter_map(|n| n.parse().ok()).collect();
        assert!(matches!(parts[..], [year, 1..=12, 1..=31] if year >= 2026), "{}", group.date);
        assert!(group._source.contains("https://"), "{}", group._source);
        for (model, p) in &group.prices {
            rows += 1;
            assert!(
                ["openai/", "anthropic/", "gemini/", "deepgram/", "elevenlabs/", "minimax/"]
                    .iter()
                    .any(|provider| model.starts_with(provider)),
                "{model}"
            );
            let kinds = [p.input.is_some() && p.output.is_some(), p.characters.is_some(), p.minute.is_some()];
            assert_eq!(kinds.iter().filter(|has| **has).count(), 1, "{model}");
            let all = [p.input, p.cached_input, p.output, p.characters, p.minute];
            assert!(all.iter().flatten().all(|usd| *usd > 0.0 && *usd < 1_000.0), "{model}");
            assert!(p.cached_input <= p.input, "{model}");
        }
    }
    assert_eq!(read(include_str!("prices.json")).expect("it is a table").len(), rows, "a model stands there twice");
}

#[test]
fn the_models_that_are_taken_by_default_have_a_price() {
    use crate::genai::{AnthropicConfig, GeminiConfig};
    use crate::{deepgram::DeepgramConfig, elevenlabs::ElevenLabsConfig, minimax::MiniMaxConfig};
    let find = |provider: &str, model: &str| {
        prices().find(&format!("{provider}/{model}"), true).unwrap_or_else(|| panic!("{provider}/{model}")).price
    };
    for (provider, model) in
        [("openai", "gpt-4o-mini"), ("anthropic", AnthropicConfig::LLM_MODEL), ("gemini", GeminiConfig::LLM_MODEL)]
    {
        assert!(find(provider, model).of_tokens(1, 0, 1).is_some(), "{model}");
    }
    for (provider, model) in [
        ("openai", "tts-1"),
        ("deepgram", DeepgramConfig::TTS_MODEL),
        ("elevenlabs", ElevenLabsConfig::TTS_MODEL),
        ("minimax", MiniMaxConfig::TTS_MODEL),
        ("minimax", "speech_2_6_turbo"),
    ] {
        assert!(find(provider, model).of_characters(1).is_some(), "{model}");
    }
    for (provider, model) in
        [("openai", "whisper-1"), ("deepgram", DeepgramConfig::STT_MODEL), ("elevenlabs", ElevenLabsConfig::STT_MODEL)]
    {
        assert!(find(provider, model).of_sound(1.0).is_some(), "{model}");
    }
}

#[test]
fn a_dated_name_has_the_price_of_its_row_unless_it_has_one_itself() {
    let price = |model: &str| prices().find(model, true).map(|q| q.price);
    for (dated, row) in [
        ("openai/gpt-4o-mini-2024-07-18", "openai/gpt-4o-mini"),
        ("anthropic/claude-haiku-4-5-20251001", "anthropic/claude-haiku-4-5"),
        ("anthropic/claude-3-5-haiku-latest", "anthropic/claude-3-5-haiku"),
        ("anthropic/claude-sonnet-4@20250514", "anthropic/claude-sonnet-4"),
        ("gemini/gemini-2.0-flash-001", "gemini/gemini-2.0-flash"),
        ("gemini/gemini-2.5-flash-preview-09-2025", "gemini/gemini-2.5-flash"),
    ] {
        assert!(price(row).is_some() && price(dated) == price(row), "{dated}");
    }
    assert_ne!(price("openai/gpt-4o-2024-05-13"), price("openai/gpt-4o"));
    for unknown in ["openai/gpt-4o-mini-tts", "openai/gpt-realtime", "openai/gpt", "openai/-latest", "gpt-4o", "", "ä"]
    {
        assert_eq!(price(unknown), None, "{unknown}");
    }
}

#[test]
fn rows_of_ones_own_go_first_and_hold_at_any_address() {
    let own = Price { input: Some(1.0), output: Some(2.0), ..Price::default() };
    let prices = Prices::with([("openai/gpt-4o".to_owned(), own)].into());
    for home in [true, false] {
        let quote = Some(Quote { price: own, date: None });
        assert_eq!(prices.find("openai/gpt-4o", home), quote);
        assert_eq!(prices.find("openai/gpt-4o-2024-11-20", home), quote);
    }
    assert_eq!(prices.find("openai/gpt-4o-mini", false), None, "the table is for the provider's own address");
    assert_ne!(prices.find("openai/gpt-4o-2024-05-13", true).map(|q| q.price), Some(own), "it has a row of its own");
}

#[test]
fn what_runs_here_or_is_no_model_is_free() {
    for model in ["local/qwen3-4b", "local/hibari", "scripted"] {
        let price = prices().find(model, false).map(|q| q.price).unwrap_or_default();
        assert_eq!(
            (price.of_tokens(9, 1, 9), price.of_characters(9), price.of_sound(9.0)),
            (Some(0.0), Some(0.0), Some(0.0))
        );
    }
}

#[test]
fn cached_tokens_are_cheaper_and_a_kind_without_a_price_has_none() {
    let price = Price { input: Some(2.0), cached_input: Some(0.5), output: Some(10.0), ..Price::default() };
    assert_eq!(price.of_tokens(1_000_000, 400_000, 100_000), Some(1.2 + 0.2 + 1.0));
    assert_eq!(Price { cached_input: None, ..price }.of_tokens(1_000_000, 400_000, 100_000), Some(3.0));
    // More cached than read can't be.
    assert_eq!(price.of_tokens(100, 1_000_000, 0), Some(100.0 * 0.5 / 1e6));
    assert_eq!((price.of_characters(1), price.of_sound(1.0)), (None, None));
    assert_eq!(Price { output: None, ..price }.of_tokens(1, 0, 1), None);
    assert_eq!(Price { minute: Some(0.5), ..Price::default() }.of_sound(90.0), Some(0.75));
}
