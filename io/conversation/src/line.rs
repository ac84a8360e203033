//! The line to a model that hears and speaks: one connection per agent and call.

use crate::runner::{WayBack, failure};
use duologue_chat::RealtimeCommand;
use duologue_models::RealtimeConnection;
use duologue_voice::{Failure, Input};
use futures::StreamExt;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

/// An open line; dropping it hangs up.
pub(crate) struct Line {
    commands: mpsc::Sender<RealtimeCommand>,
    listening: AbortHandle,
    runtime: Handle,
    way_back: WayBack,
    /// The provider has ceased to take what it is told.
    stuck: bool,
}

impl Line {
    /// Lets all that the model tells come in as answers.
    pub(crate) fn open(runtime: &Handle, connection: RealtimeConnection, way_back: WayBack) -> Line {
        let RealtimeConnection { commands, mut events } = connection;
        let tell = way_back.clone();
        let task = runtime.spawn(async move {
            while let Some(event) = events.next().await {
                tell.bring(Input::Realtime(event.map_err(failure))).await;
            }
        });
        Line { commands, listening: task.abort_handle(), runtime: runtime.clone(), way_back, stuck: false }
    }

    /// Tells the model something. Where it does not take it any more, the session ends: a model that missed a command
    /// would take part in another conversation.
    pub(crate) fn tell(&mut self, command: RealtimeCommand) {
        if self.stuck || self.commands.try_send(command).is_ok() {
            return;
        }
        self.stuck = true;
        if !self.commands.is_closed() {
            let message = "the realtime model has stopped taking sound\n  help: check the network; try again".into();
            let way_back = self.way_back.clone();
            let told = async move { way_back.bring(Input::Realtime(Err(Failure { message, transient: false }))).await };
            drop(self.runtime.spawn(told));
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.listening.abort();
    }
}
