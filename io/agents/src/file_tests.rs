use super::*;

fn refused(text: &str) -> String {
    AgentFile::parse("a.yaml", text).unwrap_err().to_string()
}

#[test]
fn the_agents_that_come_with_it_are_right() {
    for name in names() {
        let agent = AgentFile::load(name).expect(name);
        assert_eq!(agent.agent_name, name);
        let cast = agent.cast().expect(name);
        assert_eq!(cast.agent_name(agent.side), name);
        assert!(cast.greeting(agent.side).is_some() == (agent.side == Side::Support));
        // Voices that a listener can tell apart.
        assert_eq!(cast.voice(agent.side, "openai"), Some(if agent.side == Side::Support { "nova" } else { "alloy" }));
    }
}

#[test]
fn what_is_wrong_is_told_with_its_place_and_what_to_do() {
    let unknown = refused("agent_name: x\ninstruction: y\n");
    assert!(unknown.contains("a.yaml:2:1") && unknown.contains("instructions"), "{unknown}");
    let nothing = refused("agent_name: x\n");
    assert!(nothing.contains("add `instructions` or `scenario`"), "{nothing}");
    let both = refused("agent_name: x\ninstructions: y\nscenario: internet-outage\n");
    assert!(both.contains("a.yaml:3:1") && both.contains("not both"), "{both}");
    let quiet = refused("agent_name: x\ninstructions: y\nopens: false\ngreeting: Hello!\n");
    assert!(quiet.contains("a.yaml:4:1"), "{quiet}");
    let hears = refused("agent_name: x\ninstructions: y\nhears: [people]\n");
    assert!(hears.contains("standard"), "{hears}");
}

#[test]
fn tools_are_mocked_or_of_servers() {
    let head = "agent_name: x\ninstructions: y\ntools:\n";
    let mock = "  - {name: a, description: b, parameters: {type: object}, mock: {result: 1}}\n";
    let server = "  - mcp: {command: uvx, args: [server], tools: [b]}\n";
    let agent = AgentFile::parse("a.yaml", &[head, mock, server].concat()).unwrap();
    assert_eq!((agent.mocks().len(), agent.servers().len()), (1, 1));
    assert_eq!(agent.servers()[0].command.as_deref(), Some("uvx"));
    assert_eq!(agent.cast().unwrap().scenario().tools.len(), 1);
    let told = |tool: &str, place: &str, what: &str| {
        let error = refused(&[head, tool].concat());
        assert!(error.contains(place) && error.contains(what), "{error}");
    };
    told(&[mock, mock].concat(), "a.yaml:5:", "two tools `a`");
    told("  - mcp: {comand: uvx}\n", "a.yaml:4:11", "did you mean `command`");
    told("  - mcp: {name: a}\n", "a.yaml:4:5", "add a `command` or a `url`");
    told("  - mcp: {command: a, url: 'http://b'}\n", "a.yaml:4:5", "not both");
    told("  - {name: a, description: b, parameters: {type: object}}\n", "a.yaml:4:", "`mock` is missing");
}

#[test]
fn a_scenario_or_persona_that_is_not_there_is_shown_where_it_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.yaml");
    for (line, said) in
        [("scenario: internet-outag", "did you mean `internet-outage`"), ("persona: nobody", "`nobody`")]
    {
        let doing = if line.starts_with("persona") { "instructions: y\n" } else { "" };
        std::fs::write(&path, format!("agent_name: x\n{doing}{line}\n")).unwrap();
        let error = AgentFile::load(path.to_str().unwrap()).unwrap_err().to_string();
        let place = if doing.is_empty() { "a.yaml:2:" } else { "a.yaml:3:" };
        assert!(error.contains(place) && error.contains(said) && error.contains("one of:"), "{error}");
    }
}

#[test]
fn instructions_and_scenarios_become_the_same_thing() {
    let plain = AgentFile::parse("a.yaml", "agent_name: x\ninstructions: Say yes.\nside: customer\n").unwrap();
    let cast = plain.cast().unwrap();
    assert!(cast.opens(Side::Customer) && !cast.has_course());
    let text =
        "agent_name: y\nscenario: internet-outage\nproviders: {llm: {provider: scripted}}\nvoice: {local: heart}\n";
    let cast = AgentFile::parse("b.yaml", text).unwrap().cast().unwrap();
    assert!(cast.has_course() && cast.voice(Side::Support, "local") == Some("heart"));
    assert_eq!(cast.agent(Side::Support).providers.llm.as_ref().map(|p| p.provider.as_str()), Some("scripted"));
    assert_eq!(cast.agent(Side::Customer).providers.llm, None);
}

/// `DUOLOGUE_WRITE_SCHEMAS=1 cargo test -p duologue-agents schema` writes it anew.
#[test]
fn the_committed_schema_is_that_of_the_type() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../agents/agent.schema.json");
    if std::env::var_os("DUOLOGUE_WRITE_SCHEMAS").is_some() {
        std::fs::write(&path, serde_json::to_string_pretty(&agent_schema()).unwrap() + "\n").unwrap();
    }
    let committed: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    assert!(committed == agent_schema(), "run with DUOLOGUE_WRITE_SCHEMAS=1 and commit agents/agent.schema.json");
}
