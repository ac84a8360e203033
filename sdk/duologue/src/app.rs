//! The program of an agent: its command line, its file, its log.

use crate::agent::Agent;
use crate::config::{Config, LogFormat};
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use std::io::{IsTerminal, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

/// Serves the agent, unless a command says otherwise.
#[derive(Parser)]
#[command(disable_help_subcommand = true)]
struct Line {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Subcommand)]
enum Command {
    /// Serves the agent until it is interrupted (the default).
    Start,
    /// Prints the agent's card, without where it is served.
    Card,
    /// Checks the agent's file, and prints what is in force.
    Config,
    /// Prints the JSON Schema of the agent's file.
    Schema,
}

#[derive(Args)]
struct Settings {
    /// The agent's file [default: agent.yaml in the current folder, if it is there].
    #[arg(long, short, global = true, env = "DUOLOGUE_AGENT_CONFIG")]
    config: Option<PathBuf>,
    /// Port that is listened on, in place of the file's.
    #[arg(long, global = true)]
    port: Option<u16>,
}

pub(crate) fn run(agent: Agent) -> ExitCode {
    let card = agent.card();
    // They are said for as long as the process lives.
    let (name, version) = (card.name.leak() as &str, card.version.leak() as &str);
    let command = Line::command().name(name).version(version).about(card.description.leak() as &str);
    let line = match command.try_get_matches().and_then(|matches| Line::from_arg_matches(&matches)) {
        Ok(line) => line,
        Err(error) => error.exit(),
    };
    match act(agent, line) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Who reads only the beginning has what it wants.
fn say(text: &str) -> Result<(), Box<dyn std::error::Error>> {
    match writeln!(std::io::stdout(), "{text}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

fn act(agent: Agent, line: Line) -> Result<(), Box<dyn std::error::Error>> {
    if let Some(Command::Schema) = line.command {
        return say(&format!("{:#}", Config::schema()));
    }
    let config = configured(&agent, line.settings)?;
    let agent = agent.config(config);
    match line.command {
        Some(Command::Card) => say(&serde_json::to_string_pretty(&agent.card())?)?,
        Some(Command::Config) => say(&serde_json::to_string_pretty(agent.configured())?)?,
        Some(Command::Schema) => {}
        None | Some(Command::Start) => serve(agent)?,
    }
    Ok(())
}

/// The file that is named, else the program's own configuration, over which `agent.yaml` goes where it is there.
fn configured(agent: &Agent, settings: Settings) -> Result<Config, Box<dyn std::error::Error>> {
    let usual = PathBuf::from("agent.yaml");
    let file = settings.config.or_else(|| usual.is_file().then_some(usual));
    let mut config = match file {
        Some(file) => Config::load(&file)?,
        None => agent.configured().clone(),
    };
    if let Some(port) = settings.port {
        config.server.port = port;
    }
    let tracing = &mut config.observability.tracing;
    tracing.endpoint = tracing.endpoint.take().or_else(|| collector(|name| std::env::var(name).ok()));
    Ok(config)
}

/// Where OpenTelemetry's own variables send traces.
fn collector(variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    let names = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];
    names.into_iter().filter_map(variable).find(|address| !address.is_empty())
}

fn serve(agent: Agent) -> Result<(), Box<dyn std::error::Error>> {
    let mut logging = agent.configured().observability.logging.clone();
    // A person looks on, who has not asked for anything else.
    if logging == crate::config::Logging::default() && std::io::stderr().is_terminal() {
        logging.format = LogFormat::Text;
    }
    crate::observe::init_logging(&logging);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let begun = tokio::select! {
            begun = agent.start() => begun?,
            () = asked_to_end() => return Ok(()),
        };
        println!("{} ready", begun.url());
        asked_to_end().await;
        // Who asks a second time does not wait for what is under way.
        tokio::select! {
            () = begun.stop() => {}
            () = asked_to_end() => {}
        }
        Ok(())
    })
}

/// SIGINT or SIGTERM. Where neither can be listened to, it never comes, and the process ends at once when it is asked.
pub(crate) async fn asked_to_end() {
    use tokio::signal::unix::{SignalKind, signal};
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => drop(interrupted),
        () = terminated => {}
    }
}

#[cfg(test)]
mod tests {
    use super::collector;

    #[test]
    fn traces_go_where_the_variables_of_opentelemetry_say() {
        let said = |pairs: &[(&str, &str)]| {
            collector(|name| pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
        };
        let [of_all, of_traces] = [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a:1"),
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://b:2/v1/traces"),
        ];
        assert_eq!(said(&[of_all]).as_deref(), Some("http://a:1"));
        assert_eq!(said(&[of_all, of_traces]).as_deref(), Some("http://b:2/v1/traces"));
        assert_eq!(said(&[of_all, (of_traces.0, "")]).as_deref(), Some("http://a:1"));
        assert_eq!(said(&[]), None);
    }
}
