//! `duologue tools`: what an agent's language model may call, tried without a conversation.

use crate::output::{Exit, Failure, harmless, note, plain, print, print_json, table};
use clap::Subcommand;
use duologue_agents::{AgentFile, open_tools};
use duologue_chat::{ToolCall, ToolOutcome};
use duologue_providers::Settings;
use duologue_tools::{Offer, Standing, Toolbox};
use serde_json::{Value, json};

#[derive(Debug, Subcommand)]
pub(crate) enum ToolsCommand {
    /// What there is, whose it is, and whether models may call it.
    List {
        /// An agent's file.
        agent: String,
    },
    /// Call one as a model does; exit code 1 where it fails.
    Call {
        /// An agent's file.
        agent: String,
        /// The tool, by the name that models call it by.
        tool: String,
        /// Its arguments: a JSON object.
        #[arg(default_value = "{}")]
        arguments: String,
    },
    /// Allow a tool whose server changed its name, words or parameters, as it is now.
    Allow {
        /// An agent's file.
        agent: String,
        /// The tool's server, as `list` names it.
        server: String,
        /// The tool, by the name that its server gives it.
        tool: String,
    },
}

pub(crate) async fn run(command: &ToolsCommand, settings: &Settings, json: bool) -> Result<Exit, Failure> {
    let (ToolsCommand::List { agent } | ToolsCommand::Call { agent, .. } | ToolsCommand::Allow { agent, .. }) = command;
    let file = AgentFile::load(agent)?;
    let toolbox = of(&file, settings).await?;
    let done = match command {
        ToolsCommand::List { .. } => list(&file, toolbox.as_ref(), json),
        ToolsCommand::Call { tool, arguments, .. } => call(&file, toolbox.as_ref(), (tool, arguments), json).await,
        ToolsCommand::Allow { server, tool, .. } => allow(toolbox.as_ref(), server, tool, json),
    };
    if let Some(toolbox) = toolbox {
        toolbox.close().await;
    }
    done
}

/// The servers of an agent's tools and the agents that it consults, where it names any.
pub(crate) async fn of(file: &AgentFile, settings: &Settings) -> Result<Option<Toolbox>, Failure> {
    let (servers, experts) = (file.servers(), crate::experts::tools(file, settings).await?);
    if servers.is_empty() && experts.is_empty() {
        return Ok(None);
    }
    Ok(Some(open_tools(experts, &servers, settings).await?))
}

fn list(file: &AgentFile, toolbox: Option<&Toolbox>, json: bool) -> Result<Exit, Failure> {
    let (mocks, offers) = (file.mocks(), toolbox.map(Toolbox::offers).unwrap_or_default());
    if json {
        let mocks = mocks.iter().map(|tool| {
            json!({ "name": tool.name, "server": null, "standing": "mocked", "description": tool.description,
                "parameters": tool.parameters })
        });
        print_json(&json!({ "tools": mocks.chain(offers.iter().map(as_json)).collect::<Vec<_>>() }));
        return Ok(Exit::Done);
    }
    let mocks = mocks
        .iter()
        .map(|tool| [tool.name.clone(), "-".to_owned(), "mocked".to_owned(), first_line(&tool.description)]);
    let rows: Vec<[String; 4]> = mocks.chain(offers.iter().map(row)).collect();
    if rows.is_empty() {
        note(format!("`{}` has no tools but `end_call`, which every agent has", file.agent_name));
    } else {
        print(table(["TOOL", "SERVER", "STANDING", "WHAT"], &rows));
    }
    if offers.iter().any(|offer| offer.standing == Standing::Quarantined) {
        note(
            "A tool that is quarantined changed since it was allowed: read it with --json, then `duologue tools allow`.",
        );
    }
    Ok(Exit::Done)
}

fn row(offer: &Offer) -> [String; 4] {
    let what = match &offer.standing {
        Standing::Refused(why) => plain(why),
        _ => first_line(&offer.description),
    };
    let server = offer.server.as_deref().unwrap_or("-");
    [plain(&offer.name), plain(server), offer.standing.as_str().to_owned(), what]
}

fn first_line(text: &str) -> String {
    let line: String = plain(text.lines().next().unwrap_or_default()).chars().take(80).collect();
    line.trim_end().to_owned()
}

fn as_json(offer: &Offer) -> Value {
    let why = match &offer.standing {
        Standing::Refused(why) => Some(why),
        _ => None,
    };
    json!({ "name": offer.name, "server": offer.server, "original": offer.original, "standing": offer.standing.as_str(),
        "why": why, "description": offer.description, "parameters": offer.parameters, "pin": offer.pin,
        "timeout_s": offer.timeout.as_secs_f64() })
}

async fn call(
    file: &AgentFile,
    toolbox: Option<&Toolbox>,
    (tool, arguments): (&str, &str),
    json: bool,
) -> Result<Exit, Failure> {
    let arguments: Value = serde_json::from_str(arguments).map_err(|error| {
        format!("the arguments are no JSON: {error}\n  help: write them like '{{\"city\": \"Oslo\"}}'")
    })?;
    let mock = file.mocks().into_iter().find(|mock| mock.name == tool);
    let outcome = match (mock, toolbox) {
        (Some(mock), _) => mock.mock.answer(&arguments).outcome,
        (None, Some(toolbox)) => toolbox.call(&ToolCall { id: "call_1".into(), name: tool.into(), arguments }).await,
        (None, None) => ToolOutcome::Error(format!("there is no tool `{tool}`")),
    };
    if json {
        print_json(&json!({ "tool": tool, "outcome": outcome }));
    }
    match (outcome, json) {
        (ToolOutcome::Ok(_), true) => Ok(Exit::Done),
        (ToolOutcome::Error(_) | ToolOutcome::TimedOut, true) => Ok(Exit::Failed),
        (ToolOutcome::Ok(Value::String(text)), false) => {
            print(harmless(&text));
            Ok(Exit::Done)
        }
        (ToolOutcome::Ok(value), false) => {
            print(harmless(&serde_json::to_string_pretty(&value)?));
            Ok(Exit::Done)
        }
        (ToolOutcome::Error(words), false) => Err(words.into()),
        (ToolOutcome::TimedOut, false) => Err(format!("`{tool}` gave no answer in its time").into()),
    }
}

fn allow(toolbox: Option<&Toolbox>, server: &str, tool: &str, json: bool) -> Result<Exit, Failure> {
    let offers = toolbox.map(Toolbox::offers).unwrap_or_default();
    let found = match toolbox {
        Some(toolbox) => toolbox.allow(server, tool)?,
        None => false,
    };
    if !found {
        let known = offers.iter().map(|offer| format!("{} {}", offer.server.as_deref().unwrap_or("-"), offer.original));
        let known = known.collect::<Vec<_>>().join(", ");
        return Err(
            format!("there is no tool `{tool}` of a server `{server}`\n  help: there are {}", plain(&known)).into()
        );
    }
    if json {
        print_json(&json!({ "server": server, "tool": tool, "allowed": true }));
    } else {
        note(format!("`{tool}` of {server} is allowed as it is now."));
    }
    Ok(Exit::Done)
}
