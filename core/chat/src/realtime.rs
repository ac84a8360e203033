use crate::{Item, ToolCall, Usage};
use std::sync::Arc;
use std::time::Duration;

/// What a conversation tells a speech-to-speech model.
///
/// Replies are asked for, never volunteered: the model hears all the time, its detector says when it heard a stretch of
/// speech, and whoever leads the conversation decides whether that wants an answer. So every reply has a number.
#[derive(Clone, Debug, PartialEq)]
pub enum RealtimeCommand {
    /// What this party hears, silence included, 16 kHz mono.
    Hear {
        /// 20 to 100 ms.
        audio: Arc<[i16]>,
    },
    /// What was heard so far is a stretch of speech, whether the model's detector noticed it or not.
    Commit,
    /// Reply to what was heard and added so far.
    Respond {
        /// Comes back with everything that belongs to this reply.
        turn: u32,
        /// For this reply only.
        instructions: Option<String>,
    },
    /// Nobody waits for the rest of this reply.
    Cut {
        /// Which.
        turn: u32,
        /// What of it was heard; the model forgets the rest.
        heard: Vec<HeardItem>,
    },
    /// Something that enters the conversation without being heard: calls of tools, their results.
    Add(Item),
}

/// How much of one piece of a reply was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeardItem {
    /// The model's name of the piece.
    pub item: String,
    /// From its beginning; `None` where it was heard to its end.
    pub until: Option<Duration>,
}

/// What a speech-to-speech model tells a conversation.
#[derive(Clone, Debug, PartialEq)]
pub enum RealtimeEvent {
    /// Its detector noticed that the other party began to speak.
    SpeechStarted,
    /// A stretch of the other party's speech is complete and part of the conversation.
    Committed {
        /// Its name.
        item: String,
    },
    /// What was said in a committed stretch; comes late, or after the reply to it.
    Transcribed {
        /// [`RealtimeEvent::Committed`].
        item: String,
        /// The words; empty where there were none, or where they could not be made out.
        text: String,
    },
    /// Sound of a reply, which comes faster than it can be played.
    Audio {
        /// [`RealtimeCommand::Respond`].
        turn: u32,
        /// The piece of the reply it belongs to.
        item: String,
        /// Hz, the same for all sound of a piece.
        rate: u32,
        /// Mono.
        samples: Vec<i16>,
    },
    /// Words of a reply, before or after their sound.
    Words {
        /// [`RealtimeCommand::Respond`].
        turn: u32,
        /// The piece of the reply they belong to.
        item: String,
        /// To be appended.
        text: String,
    },
    /// A piece of a reply has all its sound.
    AudioDone {
        /// [`RealtimeCommand::Respond`].
        turn: u32,
        /// Which piece.
        item: String,
    },
    /// The model wants a tool.
    ToolCall {
        /// [`RealtimeCommand::Respond`].
        turn: u32,
        /// Which, and with what.
        call: ToolCall,
    },
    /// Nothing of this reply follows.
    Done {
        /// [`RealtimeCommand::Respond`].
        turn: u32,
        /// What it cost, where the provider says so.
        usage: Option<Usage>,
    },
    /// There will be no reply, or no more of it.
    Failed {
        /// [`RealtimeCommand::Respond`].
        turn: u32,
        /// For people: what went wrong and what to do.
        message: String,
        /// Whether it may succeed when asked for again.
        transient: bool,
    },
    /// Something went wrong that ends nothing.
    Trouble {
        /// For people.
        message: String,
    },
}
