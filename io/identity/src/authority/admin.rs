//! Orders over a socket: one line of JSON each way.

use super::Inner;
use super::order::{Answer, Order, OrderError};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

/// Most bytes of a line.
const LINE_MAX: u64 = 4 << 20;
/// It comes within this time.
const LINE_TIME: Duration = Duration::from_secs(10);

/// What goes back.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Ok(Answer),
    Error(String),
}

/// Gives orders to the authority of a folder, whichever process it is.
#[derive(Clone, Debug)]
pub struct AuthorityClient {
    path: PathBuf,
}

impl AuthorityClient {
    /// To the authority that has this folder.
    pub fn new(folder: &Path) -> AuthorityClient {
        AuthorityClient { path: folder.join(super::ORDERS_SOCKET) }
    }

    /// Has an order carried out.
    ///
    /// # Errors
    /// [`OrderError`].
    pub async fn perform(&self, order: &Order) -> Result<Answer, OrderError> {
        let unreachable = |why: String| OrderError::Unreachable { path: self.path.display().to_string(), why };
        let asking = async {
            let mut stream = UnixStream::connect(&self.path).await?;
            write(&mut stream, order).await?;
            read::<Outcome>(&mut stream).await
        };
        match tokio::time::timeout(LINE_TIME, asking).await {
            Ok(Ok(Outcome::Ok(answer))) => Ok(answer),
            Ok(Ok(Outcome::Error(why))) => Err(OrderError::Refused(why)),
            Ok(Err(error)) => Err(unreachable(error.to_string())),
            Err(_) => Err(unreachable("no answer within 10 s".to_owned())),
        }
    }
}

/// Takes one order.
pub(super) async fn answer(mut stream: UnixStream, inner: Arc<Inner>) {
    let answering = async {
        let uid = stream.peer_cred()?.uid();
        let own = rustix::process::geteuid().as_raw();
        if uid != own && uid != 0 {
            return Err(io::Error::other(format!("user {uid} may give no orders")));
        }
        let order = read::<Order>(&mut stream).await?;
        let outcome = match Arc::clone(&inner).perform(order).await {
            Ok(answer) => Outcome::Ok(answer),
            Err(error) => Outcome::Error(error.to_string()),
        };
        write(&mut stream, &outcome).await
    };
    if let Ok(Err(error)) = tokio::time::timeout(LINE_TIME, answering).await {
        tracing::info!(%error, "an order was not taken");
    }
}

async fn write<T: Serialize>(stream: &mut UnixStream, message: &T) -> io::Result<()> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    stream.write_all(&line).await
}

async fn read<T: for<'de> Deserialize<'de>>(stream: &mut UnixStream) -> io::Result<T> {
    let mut line = Vec::new();
    BufReader::new(stream.take(LINE_MAX)).read_until(b'\n', &mut line).await?;
    Ok(serde_json::from_slice(&line)?)
}
