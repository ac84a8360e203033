use super::*;
use std::path::Path;

fn settings(more: &[(&str, &str)]) -> Settings {
    let env =
        [&[("HOME", "/nowhere"), ("OPENAI_API_KEY", "sk-mine"), ("OPENAI_BASE_URL", "http://mine/v1")], more].concat();
    let env = env.into_iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    Settings::read(Path::new("/nowhere"), &env, &[]).unwrap()
}

fn remote(text: &str) -> RemoteChoice {
    match text.parse() {
        Ok(Choice::Remote(choice)) => choice,
        other => panic!("{text}: {other:?}"),
    }
}

fn planned(base_url: Option<&str>, api_key_env: Option<&str>) -> RemoteChoice {
    let planned = duologue_conversation::scenario::Provider {
        provider: "openai".into(),
        model: Some("m".into()),
        base_url: base_url.map(String::from),
        api_key_env: api_key_env.map(String::from),
    };
    match planned_choice(&planned) {
        Ok(Choice::Remote(choice)) => choice,
        other => panic!("{other:?}"),
    }
}

/// The address, and the key that goes there.
fn reached(choice: &RemoteChoice, settings: &Settings) -> (String, Option<String>) {
    let server = choice.server(settings).unwrap();
    (server.base_url, server.key.map(|key| key.expose().clone()))
}

#[test]
fn the_key_goes_to_the_configured_endpoint_only() {
    let settings = settings(&[("MY_KEY", "sk-other")]);
    let (mine, other) = (Some("sk-mine".to_string()), Some("sk-other".to_string()));
    assert_eq!(reached(&remote("openai"), &settings), ("http://mine/v1".to_string(), mine.clone()));
    assert_eq!(reached(&planned(Some("http://mine/v1"), None), &settings).1, mine);
    // What a scenario or a flag names besides.
    assert_eq!(reached(&planned(Some("http://other/v1"), None), &settings), ("http://other/v1".to_string(), None));
    assert_eq!(reached(&planned(Some("http://mine/v1.evil"), None), &settings).1, None);
    assert_eq!(reached(&remote("openai/m@http://other/v1"), &settings).1, None);
    assert_eq!(reached(&remote("openai/m@http://other/v1#MY_KEY"), &settings).1, other);
}

#[test]
fn a_scenario_sends_a_key_only_where_the_user_has_allowed_it() {
    let choice = planned(Some("http://other/v1"), Some("MY_KEY"));
    let told = choice.server(&settings(&[("MY_KEY", "sk-other")])).unwrap_err().to_string();
    assert!(told.contains("key in MY_KEY to http://other/v1") && !told.contains("sk-other"), "{told}");
    assert!(told.contains("DUOLOGUE_TRUSTED_ENDPOINTS=http://other/v1"), "{told}");
    let allowed = [("MY_KEY", "sk-other"), ("DUOLOGUE_TRUSTED_ENDPOINTS", "http://a/v1, http://other/v1/")];
    assert_eq!(reached(&choice, &settings(&allowed)).1.as_deref(), Some("sk-other"));
}

#[test]
fn a_missing_key_is_one_line_that_names_the_variables() {
    let none = Settings::read(Path::new("/nowhere"), &[("HOME".into(), "/n".into())].into(), &[]).unwrap();
    let told = |text: &str| {
        let choice = remote(text);
        choice.check_key(Stage::Llm, Side::Customer, &none).map_err(|e| e.to_string())
    };
    let where_ = "is not set in the environment, in .env.local or in .env";
    for (text, provider, variables) in [
        ("openai", "openai", "OPENAI_API_KEY or LLM_API_KEY"),
        ("openai-realtime", "openai-realtime", "OPENAI_API_KEY or LLM_API_KEY"),
        ("anthropic/claude-opus-4-5", "anthropic", "ANTHROPIC_API_KEY"),
        ("gemini", "gemini", "GEMINI_API_KEY or GOOGLE_API_KEY"),
        ("openai@http://localhost:9/v1#MY_KEY", "openai", "MY_KEY"),
    ] {
        let expected = format!("no key for {provider} (llm of the customer): {variables} {where_}");
        assert_eq!(told(text), Err(expected), "{text}");
    }
    assert_eq!(told("openai@http://localhost:9/v1"), Ok(()), "a server on the own machine rarely wants one");
}

#[test]
fn provider_names_are_read() {
    assert_eq!("local".parse::<Choice>().unwrap(), Choice::Local);
    assert_eq!(remote("openai/gpt-4o-mini-tts").model(Stage::Tts), "gpt-4o-mini-tts");
    assert_eq!(remote("openai").model(Stage::Stt), "whisper-1");
    assert_eq!(remote("deepgram").model(Stage::Stt), "nova-3");
    assert_eq!(remote("minimax").model(Stage::Tts), "speech_2_6_turbo");
    let own = remote("openai/org/model@v2@https://x.example/v1#MY_KEY");
    assert_eq!(own.model.as_deref(), Some("org/model@v2"));
    assert_eq!((own.base_url.as_deref(), own.key_variable.as_deref()), (Some("https://x.example/v1"), Some("MY_KEY")));
    for bad in ["deepspeech", "local/x", "openai/", "", "scripted@http://x", "openai@http://x#sk-a-key", "openai@x"] {
        assert!(bad.parse::<Choice>().unwrap_err().to_string().contains("help:"), "{bad}");
    }
    let told = "anthropic".parse::<Choice>().unwrap().serving(Stage::Tts).unwrap_err().to_string();
    assert_eq!(told, "`anthropic` has no models for `tts`\n  help: it has them for `llm`");
}

#[test]
fn a_realtime_model_is_all_three_stages_of_its_side() {
    let cast = scenario::load("internet-outage", &Default::default()).unwrap();
    let name = |text: &str| Some(text.to_string());
    let heard = Wishes { stt: name("deepgram"), ..Wishes::default() };
    let wishes = Wishes { llm: name("openai-realtime/m"), tts: name("minimax"), ..heard.clone() };
    let of = |side: Side, wishes: &Wishes| SideChoices::of(side, wishes, &cast, &settings(&[])).unwrap();
    let (support, customer) = (of(Side::Support, &wishes), of(Side::Customer, &heard));
    assert_eq!(support.describe(None), [("realtime".to_string(), "openai-realtime/m".to_string())].into());
    assert!(!support.uses(&Choice::Local) && support.check_recordable(Side::Support).is_err());
    let told = support.unused(Side::Support, &wishes, &cast).unwrap();
    assert_eq!(
        told,
        "openai-realtime hears and speaks by itself: stt `deepgram` and tts `minimax` are not used for the support"
    );
    assert_eq!(customer.stt, Choice::Remote(remote("deepgram")));
    assert!(customer.unused(Side::Customer, &heard, &cast).is_none() && customer.uses(&Choice::Local));
    // Of the settings nobody asks what they are for.
    let quiet = Wishes { llm: name("openai-realtime"), ..Wishes::default() };
    let side = SideChoices::of(Side::Support, &quiet, &cast, &settings(&[("DUOLOGUE_STT", "deepgram")])).unwrap();
    assert_eq!(side.unused(Side::Support, &quiet, &cast), None);
    assert_eq!(reached(side.realtime().unwrap(), &settings(&[])), ("http://mine/v1".into(), Some("sk-mine".into())));
}
