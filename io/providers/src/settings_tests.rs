use super::*;

fn env(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect()
}

#[test]
fn each_source_overrides_the_one_before() {
    let dir = tempfile::tempdir().unwrap();
    let home = env(&[("HOME", "/home/a")]);
    let llm = |env: &BTreeMap<String, String>, flags: &[(&'static str, &'static str, String)]| {
        Settings::read(dir.path(), env, flags).unwrap().values["llm"].clone()
    };
    assert_eq!(llm(&home, &[]), ("local".into(), Source::Default));
    std::fs::write(dir.path().join("duologue.yaml"), "llm: openai/a\nopenai:\n  base_url: http://x/v1\n").unwrap();
    assert_eq!(llm(&home, &[]).0, "openai/a");
    std::fs::write(dir.path().join(".env"), "DUOLOGUE_LLM=b\nOTHER=1\n").unwrap();
    assert_eq!(llm(&home, &[]), ("b".into(), Source::File(".env".into())));
    std::fs::write(dir.path().join(".env.local"), "DUOLOGUE_LLM=c\n").unwrap();
    assert_eq!(llm(&home, &[]).0, "c");
    let with_env = env(&[("HOME", "/home/a"), ("DUOLOGUE_LLM", "d")]);
    assert_eq!(llm(&with_env, &[]).0, "d");
    assert_eq!(llm(&with_env, &[("llm", "--llm", "e".into())]), ("e".into(), Source::Flag("--llm".into())));
}

#[test]
fn secrets_are_masked_and_misspellings_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let keyed = env(&[("HOME", "/h"), ("OPENAI_API_KEY", "sk-very-secret-key")]);
    let rows = Settings::read(dir.path(), &keyed, &[]).unwrap().rows();
    let row = rows.iter().find(|r| r[0] == "openai.api_key").unwrap();
    assert_eq!(row[1], "sk-****");
    std::fs::write(dir.path().join("duologue.yaml"), "# mine\nlml: a\nopenai:\n  api_kee: sk-secret\n").unwrap();
    let error = Settings::read(dir.path(), &keyed, &[]).unwrap_err().to_string();
    assert!(error.starts_with("unknown key `lml`, did you mean `llm`?\n --> duologue.yaml:2:1"), "{error}");
    assert!(error.contains("unknown key `api_kee`, did you mean `api_key`?\n --> duologue.yaml:4:3"), "{error}");
    assert!(!error.contains("sk-secret"), "{error}");
    std::fs::remove_file(dir.path().join("duologue.yaml")).unwrap();
    std::fs::write(dir.path().join(".env"), "A=1\nOPENAI_API_KEY='sk-secret\n").unwrap();
    let error = Settings::read(dir.path(), &keyed, &[]).unwrap_err().to_string();
    assert!(error.contains(".env:2") && !error.contains("sk-secret"), "{error}");
}

#[test]
fn the_line_that_is_none_is_named_wherever_it_is() {
    let dir = tempfile::tempdir().unwrap();
    for (text, line) in [
        ("A=1\n\n# why\nB C=2\nD=3\n", 4),
        ("A='one\ntwo'\nB='three\nfour\nfive\n", 3),
        ("  no value here  \r\nA=1\r\n", 1),
        ("A=1\nA=b c\nA=b c\n", 2),
    ] {
        std::fs::write(dir.path().join(".env"), text).unwrap();
        let error = Settings::read(dir.path(), &env(&[("HOME", "/h")]), &[]).unwrap_err().to_string();
        assert!(error.contains(&format!(".env:{line}:")), "{text:?}: {error}");
    }
}

#[test]
fn keys_have_several_variables_and_the_first_that_is_set_counts() {
    let dir = tempfile::tempdir().unwrap();
    let key = |pairs: &[(&str, &str)], setting: &str| {
        let pairs = [&[("HOME", "/h")], pairs].concat();
        Settings::read(dir.path(), &env(&pairs), &[]).unwrap().get(setting).map(String::from)
    };
    assert_eq!(key(&[("LLM_API_KEY", "a")], "openai.api_key").as_deref(), Some("a"));
    assert_eq!(key(&[("LLM_API_KEY", "a"), ("OPENAI_API_KEY", "b")], "openai.api_key").as_deref(), Some("b"));
    assert_eq!(key(&[("GOOGLE_API_KEY", "c")], "gemini.api_key").as_deref(), Some("c"));
    std::fs::write(dir.path().join(".env"), "OPENAI_API_KEY=file\nMY_KEY=mine\n").unwrap();
    std::fs::write(dir.path().join(".env.local"), "MY_KEY=local\n").unwrap();
    assert_eq!(key(&[("LLM_API_KEY", "a")], "openai.api_key").as_deref(), Some("a"), "the environment goes before");
    let variable = |pairs: &[(&str, &str)]| {
        let pairs = [&[("HOME", "/h")], pairs].concat();
        Settings::read(dir.path(), &env(&pairs), &[]).unwrap().variable("MY_KEY").map(String::from)
    };
    assert_eq!(variable(&[]).as_deref(), Some("local"));
    assert_eq!(variable(&[("MY_KEY", "env")]).as_deref(), Some("env"));
}

#[test]
fn what_makes_no_sense_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let stray = env(&[
        ("HOME", "/h"),
        ("DUOLOGUE_LLM", "foo"),
        ("DUOLOGUE_TIMEOUT_STALL", "soon"),
        ("OPENAI_BASE_URL", "localhost"),
    ]);
    let settings = Settings::read(dir.path(), &stray, &[]).unwrap();
    let problems = settings.problems();
    assert_eq!(problems.len(), 3, "{problems:?}");
    assert!(problems[0].starts_with("`llm` cannot be `foo` (from environment DUOLOGUE_LLM): it is"), "{problems:?}");
    assert_eq!(settings.timeouts(), Timeouts::default());
    let row = settings.as_json()["settings"].as_array().unwrap().iter().find(|r| r["key"] == "llm").unwrap().clone();
    assert_eq!(row["problem"], problems[0]);

    std::fs::write(dir.path().join("duologue.yaml"), "timeouts: {stall_s: 2.5, answer_s: 30}\n").unwrap();
    let settings = Settings::read(dir.path(), &env(&[("HOME", "/h")]), &[]).unwrap();
    assert!(settings.problems().is_empty());
    assert_eq!(settings.timeouts().stall, Duration::from_millis(2500));
    assert_eq!(settings.timeouts().answer, Duration::from_secs(30));
}

#[test]
fn prices_are_read_and_shown_and_a_name_that_is_none_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let read = |text: &str| {
        std::fs::write(dir.path().join("duologue.yaml"), text).unwrap();
        Settings::read(dir.path(), &env(&[("HOME", "/h")]), &[])
    };
    let settings =
        read("prices:\n  openai/mine: {input: 0.2, output: 1}\n  deepgram/nova-3: {minute: 0.007}\n").unwrap();
    let mine = settings.prices()["openai/mine"];
    assert_eq!((mine.input, mine.output, mine.minute), (Some(0.2), Some(1.0), None));
    let row = settings.rows().into_iter().find(|r| r[0] == "prices.openai/mine").unwrap();
    assert_eq!((row[1].as_str(), row[2].as_str()), ("input 0.2, output 1", "duologue.yaml"));
    assert_eq!(settings.as_json()["prices"]["deepgram/nova-3"]["minute"], 0.007);
    for (text, told) in [
        ("prices: {openai/a: {inptu: 1}}\n", "unknown key `inptu`, did you mean `input`?"),
        ("prices: {openai/a: {input: -1}}\n", "`input` is -1, but has to be at least 0"),
        ("prices: {openai/a: {input: free}}\n", "but a number belongs here"),
        ("prices: {gpt-4o: {input: 1}}\n", "`gpt-4o` is no PROVIDER/MODEL"),
        ("prices: {opnai/gpt-4o: {input: 1}}\n", "`opnai/gpt-4o` is no PROVIDER/MODEL"),
    ] {
        let error = read(text).unwrap_err().to_string();
        assert!(error.contains(told), "{text}: {error}");
    }
}

#[test]
fn a_file_of_comments_sets_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let home = env(&[("HOME", "/h")]);
    for text in ["", "# llm: openai\n\n"] {
        std::fs::write(dir.path().join("duologue.yaml"), text).unwrap();
        assert_eq!(Settings::read(dir.path(), &home, &[]).unwrap().get("llm"), Some("local"));
    }
}

/// `DUOLOGUE_WRITE_SCHEMAS=1 cargo test -p duologue-providers schema` writes it anew.
#[test]
fn the_committed_schema_is_that_of_the_settings() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/duologue.schema.json");
    if std::env::var_os("DUOLOGUE_WRITE_SCHEMAS").is_some() {
        std::fs::write(&path, serde_json::to_string_pretty(&settings_schema()).unwrap() + "\n").unwrap();
    }
    let committed: Value =
        serde_json::from_str(&std::fs::read_to_string(&path).unwrap_or_default()).unwrap_or_default();
    assert!(committed == settings_schema(), "run with DUOLOGUE_WRITE_SCHEMAS=1 and commit docs/duologue.schema.json");
}
