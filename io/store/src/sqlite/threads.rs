//! Who runs the work: one thread that writes and some that read, or, in memory, whoever asks.

use super::lock::Lock;
use super::open;
use super::trouble::{Stop, unavailable};
use super::writer::{Batch, Job, Task, Writer};
use crate::{OpenError, Unavailable};
use rusqlite::Connection;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use tokio::sync::{mpsc, oneshot};

/// Pieces of work that wait before those who bring more are held up.
const QUEUE: usize = 1024;
/// Pieces of work in one transaction.
const BATCH: usize = 512;

type Look = Box<dyn FnOnce(&Connection) + Send>;

/// Runs work.
pub(super) enum Threads {
    /// On disk.
    Apart { writes: Door<Box<dyn Task>>, reads: Door<Look> },
    /// In memory.
    Here(Here),
}

/// Work done by whoever asks, since a change of threads would cost more than the work. Nobody waits for another's turn: who
/// has the connection also does what the others have brought meanwhile.
pub(super) struct Here {
    /// None: it is closed.
    writer: Mutex<Option<Writer>>,
    waiting: Mutex<Vec<Box<dyn Task>>>,
}

impl Here {
    pub(super) fn new(writer: Writer) -> Here {
        Here { writer: Mutex::new(Some(writer)), waiting: Mutex::default() }
    }

    fn put(&self, task: Box<dyn Task>) {
        lock(&self.waiting).push(task);
        self.run();
    }

    fn run(&self) {
        loop {
            // Whoever has it looks once more when it has let go.
            let Ok(mut writer) = self.writer.try_lock() else { return };
            let tasks = std::mem::take(&mut *lock(&self.waiting));
            // Closed: those who wait are told by the end of their tasks.
            if let Some(writer) = writer.as_mut().filter(|_| !tasks.is_empty()) {
                writer.run(tasks);
            }
            drop(writer);
            if lock(&self.waiting).is_empty() {
                return;
            }
        }
    }

    fn read<T>(
        &self,
        look: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<rusqlite::Result<T>, Unavailable> {
        let read = lock(&self.writer).as_ref().map(|writer| look(&writer.connection)).ok_or(Unavailable::Closed);
        self.run();
        read
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The way into threads.
pub(super) struct Door<T> {
    queue: Mutex<Option<mpsc::Sender<T>>>,
    /// Ends when all threads behind it have.
    ended: tokio::sync::Mutex<mpsc::Receiver<()>>,
}

impl<T> Door<T> {
    async fn put(&self, work: T) -> Result<(), Unavailable> {
        let queue = lock(&self.queue).clone();
        queue.ok_or(Unavailable::Closed)?.send(work).await.map_err(|_| Unavailable::Closed)
    }

    async fn close(&self) {
        drop(lock(&self.queue).take());
        while self.ended.lock().await.recv().await.is_some() {}
    }
}

/// Starts the threads of the database at `path`. The lock is released when the last one has ended.
pub(super) fn start(path: &Path, writer: Writer, readers: usize, lock: Lock) -> Result<Threads, OpenError> {
    let lock = Arc::new(lock);
    let failed = |error: std::io::Error| OpenError::File { path: path.to_owned(), what: error.to_string() };
    let (queue, work) = mpsc::channel(QUEUE);
    let (ending, ended) = mpsc::channel(1);
    let (store, held) = (Arc::clone(&writer.store), Arc::clone(&lock));
    thread::Builder::new()
        .name("store-writer".into())
        .spawn(move || write(writer, work, (held, ending)))
        .map_err(failed)?;
    let writes = Door { queue: Mutex::new(Some(queue)), ended: tokio::sync::Mutex::new(ended) };

    let (queue, work) = mpsc::channel::<Look>(QUEUE);
    let work = Arc::new(Mutex::new(work));
    let (ending, ended) = mpsc::channel(1);
    for _ in 0..readers.max(1) {
        let connection = open::reader(path, &store)?;
        let (work, held) = (Arc::clone(&work), (Arc::clone(&lock), ending.clone()));
        thread::Builder::new()
            .name("store-reader".into())
            .spawn(move || read(connection, &work, held))
            .map_err(failed)?;
    }
    let reads = Door { queue: Mutex::new(Some(queue)), ended: tokio::sync::Mutex::new(ended) };
    Ok(Threads::Apart { writes, reads })
}

/// What a thread gives back as the last thing: the lock, and the word that it has ended.
type Held = (Arc<Lock>, mpsc::Sender<()>);

fn write(mut writer: Writer, mut work: mpsc::Receiver<Box<dyn Task>>, held: Held) {
    while let Some(first) = work.blocking_recv() {
        let mut tasks = vec![first];
        while tasks.len() < BATCH
            && let Ok(next) = work.try_recv()
        {
            tasks.push(next);
        }
        writer.run(tasks);
    }
    drop(writer);
    drop(held);
}

fn read(connection: Connection, work: &Mutex<mpsc::Receiver<Look>>, held: Held) {
    let next = || lock(work).blocking_recv();
    while let Some(look) = next() {
        look(&connection);
    }
    drop(connection);
    drop(held);
}

impl Threads {
    /// Writes in the next transaction.
    pub(super) async fn write<T, E, F>(&self, store: &Arc<str>, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Unavailable> + Send + 'static,
        F: FnOnce(&mut Batch<'_>) -> Result<T, Stop<E>> + Send + 'static,
    {
        let (job, answer) = Job::new(Arc::clone(store), work);
        match self {
            Threads::Apart { writes, .. } => writes.put(Box::new(job)).await?,
            Threads::Here(here) => here.put(Box::new(job)),
        }
        answer.await.unwrap_or_else(|_| Err(Unavailable::Closed.into()))
    }

    /// Reads what is written.
    pub(super) async fn read<T, F>(&self, store: &Arc<str>, look: F) -> Result<T, Unavailable>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let outcome = match self {
            Threads::Apart { reads, .. } => {
                let (reply, answer) = oneshot::channel();
                let look = move |connection: &Connection| {
                    // Whoever asked has gone away.
                    let _ = reply.send(look(connection));
                };
                reads.put(Box::new(look)).await?;
                answer.await.map_err(|_| Unavailable::Closed)?
            }
            Threads::Here(here) => here.read(look)?,
        };
        outcome.map_err(|error| unavailable(store, &error))
    }

    /// Ends once everything that waited is written; readers first, so that the writer leaves a database without a log.
    pub(super) async fn close(&self) {
        match self {
            Threads::Apart { writes, reads } => {
                reads.close().await;
                writes.close().await;
            }
            Threads::Here(here) => drop(lock(&here.writer).take()),
        }
    }
}
