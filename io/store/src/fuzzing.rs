//! What the fuzz target feeds with any bytes.

use crate::changes::Notices;
use crate::postgres::listen::hear;

/// A notification on our channel, which everybody who may connect to the database can send.
pub fn notice(data: &[u8]) {
    let notices = Notices::new();
    let mut changes = notices.subscribe("task");
    hear(&String::from_utf8_lossy(data), "own", &notices);
    notices.close();
    futures::executor::block_on(async { while changes.next().await.is_some() {} });
}
