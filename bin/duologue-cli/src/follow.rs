//! A conversation on the terminal while it goes on: who speaks, what, and how long the other waited.

use crate::output::note;
use duologue_agents::Step;
use duologue_conversation::Progress;
use duologue_conversation::scenario::Side;
use duologue_ids::Mono;
use duologue_voice::{AgentState, Event, TurnMetrics};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::time::Duration;

/// Prints to standard error, so that standard output stays for results.
pub(crate) struct Follower {
    names: [String; 2],
    width: usize,
    colour: bool,
    bar: ProgressBar,
    metrics: [Option<TurnMetrics>; 2],
    began: [Mono; 2],
}

impl Follower {
    /// `names` of the support agent and of the customer.
    pub(crate) fn new(names: [String; 2]) -> Follower {
        let terminal = std::io::stderr().is_terminal();
        let bar = ProgressBar::new_spinner();
        bar.set_draw_target(if terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() });
        if let Ok(style) = ProgressStyle::with_template("{spinner:.dim} {wide_msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        bar.set_message("the agents read their instructions …");
        let width = names.iter().map(|n| n.chars().count()).max().unwrap_or(0);
        let colour = terminal && std::env::var_os("NO_COLOR").is_none();
        Follower { names, width, colour, bar, metrics: [None; 2], began: [Mono::ZERO; 2] }
    }

    /// Shows what happened.
    pub(crate) fn show(&mut self, progress: &Progress) {
        let side = duologue_conversation::index(progress.side);
        let name = self.names[side].clone();
        match &progress.event {
            Event::AgentStateChanged { state: AgentState::Thinking } => {
                self.bar.set_message(format!("{name} thinks …"))
            }
            Event::UserInputTranscribed { text } => {
                self.bar.set_message(format!("{name} hears: {}", text.replace(char::is_control, " ")))
            }
            Event::MetricsCollected { metrics, .. } => {
                self.metrics[side] = Some(*metrics);
                self.began[side] = progress.at;
            }
            Event::SpeechProgress { text, .. } => {
                self.bar.set_message(format!("{name} speaks: {}", text.replace(char::is_control, " ")))
            }
            // Cut off before a word of it was heard.
            Event::ConversationItemAdded { text, .. } if text.is_empty() => {}
            Event::ConversationItemAdded { text, interrupted, .. } => {
                let latency = self.metrics[side].take().map(describe).unwrap_or_default();
                let text = text.replace(char::is_control, " ");
                let cut = if *interrupted { " —" } else { "" };
                let line = format!(
                    "{:>6.1}s  {}  {text}{cut}{}",
                    self.began[side].as_secs_f64(),
                    self.paint(progress.side, &format!("{name:<width$}", width = self.width)),
                    self.dim(&latency),
                );
                self.print(&line);
            }
            Event::ToolCalled { call } => self.note(&format!("{name} calls {}({})", call.name, call.arguments)),
            Event::Interrupted { .. } => self.note(&format!("{name} is interrupted")),
            Event::FalseInterruption { .. } => self.note(&format!("{name} goes on: it was no interruption")),
            Event::Collision { yielded: true } => self.note(&format!("both began at once, {name} gives way")),
            Event::Closed { .. } => self.bar.set_message("the recording is measured …"),
            Event::Nudged => self.note(&format!("{name} breaks the silence")),
            // A fatal one is told once more at the end, with the figures.
            Event::Error { message, .. } => self.print(&format!("warning: {message}")),
            _ => {}
        }
    }

    /// Shows what happens before the first word, in a room.
    pub(crate) fn step(&mut self, step: &Step) {
        let name = |side: &Side| self.names[duologue_conversation::index(*side)].clone();
        let told = match step {
            Step::RoomCreated { room } => format!("room {room}"),
            Step::Dispatched { side, agent_name } => format!("{} is asked to come ({agent_name})", name(side)),
            Step::NoWorker { agent_name, .. } => format!("no worker serves {agent_name} yet; it is tried again"),
            Step::JobFailed { side, error } => format!("{} could not come: {error}; it is tried again", name(side)),
            Step::Joined { side } => format!("{} is there", name(side)),
            Step::Started => "the conversation begins".to_owned(),
        };
        self.note(&told);
    }

    /// Takes the status line away.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn note(&self, text: &str) {
        self.print(&self.dim(&format!("         · {text}")));
    }

    fn print(&self, line: &str) {
        if self.bar.is_hidden() { note(line) } else { self.bar.println(line) }
    }

    fn paint(&self, side: Side, text: &str) -> String {
        let code = if side == Side::Support { 36 } else { 33 };
        if self.colour { format!("\x1b[1;{code}m{text}\x1b[0m") } else { text.to_string() }
    }

    fn dim(&self, text: &str) -> String {
        if self.colour && !text.is_empty() { format!("\x1b[2m{text}\x1b[0m") } else { text.to_string() }
    }
}

/// "  (1.62 s: turn 0.50, words 0.81, voice 0.07)": how long the other party waited, and for what.
fn describe(metrics: TurnMetrics) -> String {
    let Some(total) = metrics.e2e_latency_ms else { return String::new() };
    let stage = |name: &str, ms: Option<f64>| ms.map(|ms| format!("{name} {:.2}", ms / 1e3));
    let stages = [
        stage("turn", metrics.end_of_turn_delay_ms),
        stage("text", metrics.llm_ttfs_ms),
        stage("voice", metrics.tts_ttfb_ms),
    ];
    format!("  ({:.2} s: {})", total / 1e3, stages.into_iter().flatten().collect::<Vec<_>>().join(", "))
}
