use crate::config::{Brain, Opening, SessionConfig};
use crate::echo::EchoGuard;
use crate::effect::{Effect, Input};
use crate::event::{AgentState, CloseReason, Event, SpeechSource};
use crate::hooks::{EndOfTurn, Hooks, NoHooks};
use crate::listening::Listening;
use crate::realtime::Line;
use crate::reply::Reply;
use crate::tools::ToolDesk;
use duologue_chat::History;
use duologue_ids::{Mono, SeededRng};
use duologue_media::{Frame, Vad};
use std::collections::VecDeque;
use std::time::Duration;

/// What a session wants done; drain [`Session::poll`] until [`Output::Timeout`].
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Perform this; the answer comes back as an [`Input`].
    Effect(Effect),
    /// Play this, 20 ms at the configured rate. At most one per [`Input::Audio`].
    Play(Frame),
    /// For those who watch.
    Event(Event),
    /// Nothing more to do before this time, or the next input.
    Timeout(Mono),
}

/// Why a session can't be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// A frame can't have this rate.
    #[error("output rate {0} Hz is none of 8000, 16000, 24000 and 48000")]
    OutputRate(u32),
}

/// One party's side of a conversation: it hears, takes turns, replies, plays, and gives way.
///
/// A machine without input or output: [`Session::handle`] takes what happened, [`Session::poll`] gives what is to be
/// done. The sound it hears is its clock: one [`Input::Audio`] every 20 ms, silence included.
pub struct Session {
    pub(crate) config: SessionConfig,
    pub(crate) now: Mono,
    pub(crate) begun: bool,
    pub(crate) closed: Option<CloseReason>,
    pub(crate) state: AgentState,
    pub(crate) history: History,
    pub(crate) listening: Listening,
    /// Own speech that comes back is silence to it.
    pub(crate) echo: EchoGuard,
    /// The line to a speech-to-speech model, where one is the brain.
    pub(crate) line: Option<Line>,
    pub(crate) reply: Option<Reply>,
    /// Number of the newest turn; answers to older ones are stale.
    pub(crate) turn: u32,
    pub(crate) desk: ToolDesk,
    /// The next step of the course, and whether its tool was called already.
    pub(crate) course_at: usize,
    pub(crate) course_called: bool,
    /// Replies in a row in which the model had nothing to say.
    pub(crate) empty_replies: u8,
    /// What to say once the floor is free.
    pub(crate) to_say: VecDeque<(SpeechSource, String)>,
    /// When to try again after giving way.
    pub(crate) retry_at: Option<Mono>,
    /// How often in a row this party gave way in a collision.
    pub(crate) collisions: u32,
    /// When to break the silence.
    pub(crate) nudge_at: Option<Mono>,
    /// How often it did since the other party's last turn.
    pub(crate) nudged: u32,
    /// Anybody has spoken yet.
    pub(crate) anybody_spoke: bool,
    /// The other party hung up.
    pub(crate) alone: bool,
    /// Silence that ends the present turn.
    pub(crate) delay: Duration,
    /// Moving average of the other party's pauses within turns, seconds.
    pub(crate) pause_average: f64,
    pub(crate) end_of_turn: Option<Box<dyn EndOfTurn>>,
    pub(crate) hooks: Box<dyn Hooks>,
    pub(crate) rng: SeededRng,
    outputs: VecDeque<Output>,
}

impl Session {
    /// A session with the built-in voice activity detector and end-of-turn detector.
    pub fn new(config: SessionConfig) -> Result<Session, SessionError> {
        if !matches!(config.output_rate, 8_000 | 16_000 | 24_000 | 48_000) {
            return Err(SessionError::OutputRate(config.output_rate));
        }
        Ok(Session {
            now: Mono::ZERO,
            begun: false,
            closed: None,
            state: AgentState::Initializing,
            history: History::default(),
            listening: Listening::new(&config.hearing, None),
            echo: EchoGuard::new(),
            line: matches!(config.brain, Brain::Realtime(_)).then(Line::default),
            reply: None,
            turn: 0,
            desk: ToolDesk::default(),
            course_at: 0,
            course_called: false,
            empty_replies: 0,
            to_say: VecDeque::new(),
            retry_at: None,
            collisions: 0,
            nudge_at: None,
            nudged: 0,
            anybody_spoke: false,
            alone: false,
            delay: config.endpointing.min_delay,
            pause_average: 0.0,
            end_of_turn: Some(Box::new(crate::hooks::TrailingWords)),
            hooks: Box::new(NoHooks),
            rng: config.seed.rng(),
            outputs: VecDeque::new(),
            config,
        })
    }

    /// Uses another voice activity detector than earshot.
    pub fn with_vad(mut self, vad: Box<dyn Vad>) -> Session {
        self.listening = Listening::new(&self.config.hearing, Some(vad));
        self
    }

    /// Uses another semantic end-of-turn detector; `None` decides by silence alone.
    pub fn with_end_of_turn(mut self, detector: Option<Box<dyn EndOfTurn>>) -> Session {
        self.end_of_turn = detector;
        self
    }

    /// Lets an application take part.
    pub fn with_hooks(mut self, hooks: Box<dyn Hooks>) -> Session {
        self.hooks = hooks;
        self
    }

    /// The conversation as this party knows it.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// What it does at this moment.
    pub fn state(&self) -> AgentState {
        self.state
    }

    /// Why it ended, once it has.
    pub fn closed(&self) -> Option<CloseReason> {
        self.closed
    }

    /// Takes what happened at `now`.
    pub fn handle(&mut self, now: Mono, input: Input) {
        self.now = self.now.max(now);
        if self.closed.is_some() {
            return;
        }
        match input {
            Input::Start => self.on_start(),
            Input::Audio(frame) => return self.on_audio(&frame),
            Input::Overheard { utterance, text } => self.on_overheard(utterance, &text),
            Input::Transcribed { utterance, result } => self.on_transcribed(utterance, result),
            Input::Generated { turn, result } => self.on_generated(turn, result),
            Input::Spoken { turn, clause, result } => self.on_spoken(turn, clause, result),
            Input::Trouble { message } => self.event(Event::Error { message, fatal: false }),
            Input::ToolReturned { id, outcome } => self.on_tool_returned(&id, outcome),
            Input::Realtime(result) => self.on_realtime(result),
            Input::Say(text) => self.to_say.push_back((SpeechSource::Say, text)),
            Input::PeerLeft => self.on_peer_left(),
            Input::Close(reason) => self.close(reason),
        }
        self.on_timers();
    }

    /// The next thing to do; ends with [`Output::Timeout`].
    pub fn poll(&mut self) -> Output {
        self.outputs.pop_front().unwrap_or_else(|| Output::Timeout(self.next_timeout()))
    }

    fn on_start(&mut self) {
        if self.begun {
            return;
        }
        self.begun = true;
        self.set_state(AgentState::Listening);
        let opening = match &self.config.opening {
            Opening::Wait => None,
            Opening::Say(text) => Some(text.clone()),
            Opening::Generate => {
                self.begin_reply(SpeechSource::Opening, true);
                None
            }
        };
        if let Some(text) = self.hooks.on_enter().or(opening) {
            self.to_say.push_back((SpeechSource::Opening, text));
        }
        self.plan_nudge();
    }

    /// The path of 20 ms of sound, top to bottom: hear, decide who has the floor, play.
    fn on_audio(&mut self, frame: &Frame) {
        let own = self.echo.is_echo(frame).then(|| Frame::silence(frame.rate()));
        #[cfg(feature = "planted-faults")]
        let own = own.filter(|_| !self.has_fault(crate::Fault::EchoIsHeard));
        let heard = own.as_ref().unwrap_or(frame);
        let update = self.listening.hear(self.now, heard);
        if !self.begun {
            return;
        }
        self.pass_on(heard);
        if update.started {
            self.on_user_started();
        }
        if update.stopped {
            self.on_user_stopped();
        }
        self.stream_speech();
        self.check_barge_in();
        self.check_aside();
        self.check_overlong();
        self.on_timers();
        self.play();
    }

    fn on_timers(&mut self) {
        if !self.begun || self.closed.is_some() {
            return;
        }
        self.check_end_of_turn();
        self.check_false_interruption();
        self.check_tools();
        self.check_opening();
        self.check_nudge();
    }

    /// The earliest time at which something happens without an input.
    fn next_timeout(&self) -> Mono {
        if !self.begun || self.closed.is_some() {
            return Mono::FAR;
        }
        let timers =
            [self.end_of_turn_due(), self.false_interruption_due(), self.desk.due(), self.retry_due(), self.nudge_at];
        timers.into_iter().flatten().min().unwrap_or(Mono::FAR)
    }

    /// Ends the session: what was heard of a running reply stays in the history.
    pub(crate) fn close(&mut self, reason: CloseReason) {
        if self.reply.is_some() {
            self.cut_reply();
        }
        if self.listening.awaited {
            self.effect(Effect::CancelTranscribe { utterance: self.listening.utterance });
        }
        if self.listening.is_streamed() {
            self.effect(Effect::StopListening);
        }
        self.settle_all();
        self.closed = Some(reason);
        self.hooks.on_exit(&self.history);
        self.event(Event::Closed { reason });
    }

    /// A provider failed for good.
    pub(crate) fn fail(&mut self, message: String) {
        self.event(Event::Error { message, fatal: true });
        self.close(CloseReason::AgentError);
    }

    pub(crate) fn effect(&mut self, effect: Effect) {
        self.outputs.push_back(Output::Effect(effect));
    }

    pub(crate) fn event(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    pub(crate) fn emit_frame(&mut self, frame: Frame) {
        self.echo.played(&frame);
        self.outputs.push_back(Output::Play(frame));
    }

    pub(crate) fn set_state(&mut self, state: AgentState) {
        if self.state != state {
            self.state = state;
            self.event(Event::AgentStateChanged { state });
        }
    }

    /// Draws a time from a range, seeded.
    pub(crate) fn draw(&mut self, range: (Duration, Duration)) -> Duration {
        self.rng.between(range.0, range.1)
    }
}
