//! The `duologue` command: arguments, settings, one function per command.

mod a2a;
mod agents;
mod args;
mod backup;
mod browser;
mod conversations;
mod converse;
mod delete;
mod diagnose;
mod doctor;
mod doctor_rooms;
mod experts;
mod explore;
mod follow;
mod identity;
mod interrupt;
mod keeping_args;
mod livekit;
mod models;
mod output;
mod personas;
mod policy;
mod prune;
mod replay;
mod rooms;
mod scenarios;
mod simulate;
mod tools;
mod up;

use a2a::CardArgs;
use args::{Cli, Command, ConfigCommand};
use clap::{CommandFactory, Parser};
use duologue_providers::{Settings, settings_schema};
use output::{Exit, Failure};
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

/// A call of an agent makes some hundred small pieces of memory, which takes two thirds of the time here that it takes in the C library.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return misused(&error),
    };
    // Nothing is logged unless somebody asks: what people need to know is printed. Workers run where nobody looks on.
    let quiet = if matches!(cli.command, Command::Agent(_)) { agents::LOGGED } else { "off" };
    let filter = EnvFilter::try_from_env("DUOLOGUE_LOG").unwrap_or_else(|_| EnvFilter::new(quiet));
    // It quotes what servers send, which are people's words.
    let filter = ["genai=off", "rmcp=off"].into_iter().fold(filter, |filter, quiet| match quiet.parse() {
        Ok(quiet) => filter.add_directive(quiet),
        Err(_) => EnvFilter::new("off"),
    });
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr).init();
    match run(&cli) {
        Ok(exit) => exit.into(),
        Err(error) => {
            output::print_error(error.as_ref(), cli.json);
            Exit::Failed.into()
        }
    }
}

/// A command line that is wrong, or that asks for help.
fn misused(error: &clap::Error) -> ExitCode {
    // Where nobody reads it there is nobody to tell.
    drop(error.print());
    if error.use_stderr() && std::env::args_os().take_while(|a| a != "--").any(|a| a == "--json") {
        let told = error.render().to_string();
        output::print_json(&serde_json::json!({ "error": told.trim().trim_start_matches("error: ") }));
    }
    ExitCode::from(if error.use_stderr() { 2 } else { 0 })
}

fn run(cli: &Cli) -> Result<Exit, Failure> {
    if let Command::Completions { shell } = &cli.command {
        clap_complete::generate(*shell, &mut Cli::command(), "duologue", &mut std::io::stdout());
        return Ok(Exit::Done);
    }
    if let Command::Config(ConfigCommand::Schema) = &cli.command {
        let schema = settings_schema();
        if cli.json {
            output::print_json(&schema);
        } else {
            output::print(serde_json::to_string_pretty(&schema)?);
        }
        return Ok(Exit::Done);
    }
    match &cli.command {
        Command::Scenario(command) => return scenarios::run(command, cli.json),
        Command::Persona(command) => return personas::run(command, cli.json),
        Command::Policy(command) => return policy::run(command, cli.json),
        Command::Agent(command) if agents::is_about_files(command) => return agents::show(command),
        _ => {}
    }
    let settings = read_settings(cli)?;
    match &cli.command {
        // All that these read and write is named on the command line, or on a server.
        Command::Compare(_) | Command::Room(_) | Command::Dispatch(_) | Command::Token(_) | Command::Agent(_) => {}
        Command::Tools(_) => {}
        Command::Card(CardArgs { reach, .. }) if reach.agent.is_none() => {}
        Command::Call(call) if call.reach.agent.is_none() => {}
        Command::Identity(args) if args.folder.is_some() => {}
        Command::Simulate(args) if args.out.is_some() => {}
        _ => settings.has_home()?,
    }
    match &cli.command {
        Command::Up(args) => runtime()?.block_on(up::run(args, &settings, cli.json)),
        Command::Converse(args) => runtime()?.block_on(converse::run(args, &settings, cli.json)),
        Command::Agent(command) => runtime()?.block_on(agents::serve(command, &settings)),
        Command::Simulate(args) => simulate::simulate(args, &settings, cli.json),
        Command::Compare(args) => simulate::compare_runs(args, cli.json),
        Command::Replay(args) => replay::run(args, &settings, cli.json),
        Command::Conversation(command) => conversations::run(command, &settings, cli.json),
        Command::Models(command) => models::run(command, &settings, cli.json),
        Command::Config(ConfigCommand::Show) => Ok(show_settings(&settings, cli.json)),
        Command::Doctor(args) => match &args.conversation {
            Some(conversation) => diagnose::run(conversation, &settings, cli.json),
            None => runtime()?.block_on(doctor::run(&settings, cli.json)),
        },
        Command::Card(args) => runtime()?.block_on(a2a::card(args, &settings.home(), cli.json)),
        Command::Call(args) => runtime()?.block_on(a2a::call(args, &settings.home(), cli.json)),
        Command::Agents(args) => runtime()?.block_on(a2a::agents(args, &settings.home(), cli.json)),
        Command::Identity(args) => runtime()?.block_on(identity::run(args, &settings, cli.json)),
        Command::Tools(command) => runtime()?.block_on(tools::run(command, &settings, cli.json)),
        Command::Room(args) => runtime()?.block_on(livekit::room(args, &settings, cli.json)),
        Command::Dispatch(args) => runtime()?.block_on(livekit::dispatch(args, &settings, cli.json)),
        Command::Token(args) => livekit::token(args, &settings, cli.json),
        Command::Backup(args) => backup::back_up(args, &settings, cli.json),
        Command::Restore(args) => backup::bring_back(args, &settings, cli.json),
        Command::Config(ConfigCommand::Schema)
        | Command::Completions { .. }
        | Command::Scenario(_)
        | Command::Policy(_)
        | Command::Persona(_) => Ok(Exit::Done),
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

fn read_settings(cli: &Cli) -> Result<Settings, Failure> {
    let env: BTreeMap<String, String> =
        std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))).collect();
    let mut flags = Vec::new();
    for (key, flag, dir) in [("home", "--home", &cli.home), ("models", "--models-dir", &cli.models_dir)] {
        if let Some(dir) = dir {
            flags.push((key, flag, dir.to_string_lossy().into_owned()));
        }
    }
    if let Some(server) = cli.command.server() {
        for (key, flag, value) in
            [("livekit.url", "--url", &server.url), ("livekit.api_key", "--api-key", &server.api_key)]
        {
            flags.extend(value.clone().map(|value| (key, flag, value)));
        }
    }
    if let Command::Up(args) = &cli.command {
        flags.extend(args.flags());
    }
    Ok(Settings::read(Path::new("."), &env, &flags)?)
}

fn show_settings(settings: &Settings, json: bool) -> Exit {
    if json {
        output::print_json(&settings.as_json());
    } else {
        output::print(output::table(["SETTING", "VALUE", "FROM", "VARIABLE", "WHAT"], &settings.rows()));
    }
    settings.problems().iter().for_each(|problem| output::note(format!("warning: {problem}")));
    Exit::Done
}
