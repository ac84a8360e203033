//! A session against any server, for the fuzz targets.

use super::dialog::{Dialog, Step};
use super::wire;
use duologue_chat::{HeardItem, RealtimeCommand, RealtimeEvent};
use std::time::Duration;

/// Messages of a server, one a line, and between them commands of a conversation: `?n` asks for a reply as turn n, `!n`
/// calls it off (n is a digit), `~` hears. One step asks for one reply at most, and only what was asked for is answered.
pub fn realtime(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut dialog = Dialog::new();
    let mut asked = Vec::new();
    for line in text.lines() {
        let step = match command(line) {
            Some(command) => {
                if let RealtimeCommand::Respond { turn, .. } = &command {
                    asked.push(*turn);
                }
                Step { send: dialog.command(command), events: Vec::new() }
            }
            None => match dialog.message(line) {
                Ok(step) => step,
                Err(_) => return,
            },
        };
        assert!(step.send.iter().filter(|m| wire::asks(m)).count() <= 1, "{:?}", step.send);
        for event in &step.events {
            assert!(turn(event).is_none_or(|turn| asked.contains(&turn)), "nobody asked for {event:?}");
        }
    }
}

fn command(line: &str) -> Option<RealtimeCommand> {
    let turn = |digit: &str| digit.chars().next().and_then(|c| c.to_digit(10)).unwrap_or_default();
    let (what, rest) = line.split_at_checked(1)?;
    match what {
        "?" => Some(RealtimeCommand::Respond { turn: turn(rest), instructions: None }),
        "!" => {
            let until = Some(Duration::from_millis(rest.len() as u64));
            let item = rest.trim_start_matches(|c: char| c.is_ascii_digit()).to_string();
            Some(RealtimeCommand::Cut { turn: turn(rest), heard: vec![HeardItem { item, until }] })
        }
        "~" => Some(RealtimeCommand::Hear { audio: vec![rest.len() as i16; rest.len().min(320)].into() }),
        _ => None,
    }
}

/// The turn of an event that answers something.
fn turn(event: &RealtimeEvent) -> Option<u32> {
    match event {
        RealtimeEvent::Audio { turn, .. }
        | RealtimeEvent::Words { turn, .. }
        | RealtimeEvent::AudioDone { turn, .. }
        | RealtimeEvent::ToolCall { turn, .. }
        | RealtimeEvent::Failed { turn, .. }
        | RealtimeEvent::Done { turn, .. } => Some(*turn),
        _ => None,
    }
}
