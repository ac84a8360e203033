//! A TCP relay whose connections can be cut, as a network does it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

pub(crate) struct Relay {
    pub(crate) port: u16,
    open: Arc<Mutex<Vec<AbortHandle>>>,
    accepted: Arc<AtomicUsize>,
}

impl Relay {
    pub(crate) async fn to(port: u16) -> Relay {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let own = listener.local_addr().expect("an address").port();
        let open: Arc<Mutex<Vec<AbortHandle>>> = Arc::default();
        let accepted: Arc<AtomicUsize> = Arc::default();
        let relay = Relay { port: own, open: Arc::clone(&open), accepted: Arc::clone(&accepted) };
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                accepted.fetch_add(1, Ordering::SeqCst);
                let copying = tokio::spawn(async move {
                    let mut far = TcpStream::connect(("127.0.0.1", port)).await.expect("the server");
                    let _ = copy_bidirectional(&mut near, &mut far).await;
                });
                open.lock().expect("unpoisoned").push(copying.abort_handle());
            }
        });
        relay
    }

    /// Cuts everything that is open now.
    pub(crate) fn cut(&self) {
        self.open.lock().expect("unpoisoned").drain(..).for_each(|connection| connection.abort());
    }

    pub(crate) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }
}
