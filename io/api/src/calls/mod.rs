//! Calls between agents, as their programs tell of them by OpenTelemetry.
//!
//! What comes (`receive`) is read where it lies (`wire`, `otlp`), cut to size (`span`), and kept as long as there is room
//! (`ledger`); what is asked for is put in order (`tree`) and told in the words of the API (`model`, `handlers`). All of it
//! is what other programs say: it is kept and shown as text, and decides nothing.

mod handlers;
mod ledger;
mod model;
mod otlp;
mod receive;
mod span;
mod tree;
mod wire;

pub(crate) use handlers::{__path_get, __path_list, __path_watch, get, list, watch};
pub(crate) use model::CallsNow;
pub(crate) use receive::{__path_receive, receive};

use crate::live::{self, Watch};
use ledger::{Ledger, Taken};
use span::Span;
use std::sync::Arc;
use tokio::sync::{Semaphore, SemaphorePermit, watch};

/// Requests with spans that are read at once; each is a few megabytes at most.
const TURNS: usize = 8;

/// What is known of calls, and who watches. Kept also while nobody does: programs tell once.
#[derive(Debug)]
pub(crate) struct Calls {
    ledger: watch::Sender<Ledger>,
    watch: Arc<Watch<Ledger>>,
    turns: Semaphore,
}

impl Default for Calls {
    fn default() -> Self {
        let (ledger, shown) = watch::channel(Ledger::default());
        Calls { ledger, watch: Arc::new(live::standing(shown)), turns: Semaphore::new(TURNS) }
    }
}

impl Calls {
    /// Keeps spans, and tells whoever watches where any of them is new.
    pub(crate) fn take(&self, spans: Vec<Span>) -> Taken {
        let mut taken = Taken::default();
        self.ledger.send_if_modified(|ledger| {
            taken = ledger.take(spans);
            taken.kept > 0
        });
        taken
    }

    /// All that is kept. Hold it briefly: nothing is taken meanwhile.
    pub(crate) fn ledger(&self) -> watch::Ref<'_, Ledger> {
        self.ledger.borrow()
    }

    pub(crate) fn watch(&self) -> Arc<Watch<Ledger>> {
        self.watch.clone()
    }

    /// A turn to read a request, where there is one.
    pub(crate) fn turn(&self) -> Option<SemaphorePermit<'_>> {
        self.turns.try_acquire().ok()
    }
}

/// What the fuzz targets feed with any bytes: a request, packed or not, read, kept and shown.
#[cfg(feature = "fuzzing")]
pub fn export_request(data: &[u8]) {
    for is_packed in [false, true] {
        let Ok(exported) = receive::read(data, is_packed) else { continue };
        let count = exported.spans.len();
        let mut ledger = Ledger::default();
        let taken = ledger.take(exported.spans);
        assert_eq!(taken.kept + taken.known + taken.left_out, count);
        let (briefs, total) = ledger.list(usize::MAX, |_| true);
        assert_eq!(briefs.len(), total);
        let mut shown = 0;
        for brief in &briefs {
            let Some((id, kept)) = brief.id.parse().ok().and_then(|id| Some((id, ledger.spans(id)?))) else {
                unreachable!("what is listed is there")
            };
            shown += Ledger::trace(id, &kept).tree.len();
        }
        assert_eq!(shown, taken.kept, "a tree has each span once");
    }
}
