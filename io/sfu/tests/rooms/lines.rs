//! Lines of signalling without a client behind them: what is said on them, and what happens to those who do not read, do not
//! speak, or speak another language.

use crate::server::{LiveKit, PATIENCE, config, token, wait};
use duologue_livekit_wire::Message as _;
use duologue_livekit_wire::proto::signal_request::Message as Asked;
use duologue_livekit_wire::proto::signal_response::Message as Said;
use duologue_livekit_wire::proto::{
    ListParticipantsRequest, Ping, SignalRequest, SignalResponse, UpdateRoomMetadataRequest,
};
use duologue_sfu::{Limits, RoomDefaults, RoomServerConfig};
use duologue_worker::{JoinOptions, RoomEvent};
use futures::{SinkExt, StreamExt};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{interval, timeout};
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::{WebSocketStream, client_async};

type Line = WebSocketStream<TcpStream>;

async fn line(server: &LiveKit, identity: &str) -> Line {
    let stream = TcpStream::connect(("127.0.0.1", server.port)).await.expect("the server");
    let token = token("kitchen", identity);
    let address = format!("ws://127.0.0.1:{}/rtc?protocol=16&sdk=js&access_token={token}", server.port);
    client_async(address, stream).await.expect("a socket").0
}

async fn say(line: &mut Line, message: Asked) {
    let request = SignalRequest { message: Some(message) };
    line.send(Frame::Binary(request.encode_to_vec().into())).await.expect("sent");
}

/// The next message that fits.
async fn hear<T>(line: &mut Line, mut fits: impl FnMut(Said) -> Option<T>) -> T {
    let found = async {
        loop {
            if let Frame::Binary(bytes) = line.next().await.expect("the line goes on").expect("a frame") {
                let said = SignalResponse::decode(&bytes[..]).expect("a message").message;
                if let Some(found) = said.and_then(&mut fits) {
                    return found;
                }
            }
        }
    };
    timeout(PATIENCE, found).await.expect("in time")
}

async fn present(server: &LiveKit, identity: &str) -> bool {
    let room = ListParticipantsRequest { room: "kitchen".into() };
    let listed = server.services().list_participants(room).await.expect("listed");
    listed.participants.iter().any(|info| info.identity == identity)
}

/// Waits until somebody is not in the room any more.
async fn gone(server: &LiveKit, identity: &str) {
    let gone = async {
        let mut again = interval(Duration::from_millis(20));
        while present(server, identity).await {
            again.tick().await;
        }
    };
    timeout(PATIENCE, gone).await.expect("in time");
}

fn impatient() -> RoomServerConfig {
    let rooms = RoomDefaults { resume_within: Duration::from_millis(100), ..RoomDefaults::default() };
    RoomServerConfig { rooms, ..config() }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_word_lets_in_and_every_question_is_answered() {
    let server = LiveKit::with(config()).await;
    let mut line = line(&server, "anna").await;
    let first = line.next().await.expect("a frame").expect("sound").into_data();
    let Some(Said::Join(join)) = SignalResponse::decode(&first[..]).expect("a message").message else {
        panic!("another first word")
    };
    let info = join.server_info.expect("the server's own words");
    assert_eq!((join.subscriber_primary, info.protocol, info.agent_protocol), (true, 16, 1));
    assert_eq!((join.ping_interval, join.ping_timeout), (5, 15));
    assert_eq!(join.participant.expect("oneself").identity, "anna");
    // With two connections the server offers its own, on which data channels are.
    let offer = hear(&mut line, |said| match said {
        Said::Offer(offer) => Some(offer),
        _ => None,
    });
    let offer = offer.await;
    assert!(offer.id == 1 && offer.sdp.contains("webrtc-datachannel") && offer.sdp.contains("a=ice-lite"));
    say(&mut line, Asked::Ping(7)).await;
    say(&mut line, Asked::PingReq(Ping { timestamp: 9, rtt: 0 })).await;
    let pong = hear(&mut line, |said| match said {
        Said::Pong(at) => Some(at),
        _ => None,
    });
    assert!(pong.await > 1_700_000_000_000);
    let pong = hear(&mut line, |said| match said {
        Said::PongResp(pong) => Some(pong.last_ping_timestamp),
        _ => None,
    });
    assert_eq!(pong.await, 9);
    say(&mut line, Asked::Leave(Default::default())).await;
    gone(&server, "anna").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_does_not_read_loses_its_line_and_holds_nobody_up() {
    let server = LiveKit::with(impatient()).await;
    let _unread = line(&server, "deaf").await;
    let (_anna, mut at_anna) = server.join("kitchen", "anna", JoinOptions::default()).await;
    assert!(present(&server, "deaf").await);
    // More than the system's buffers and the queue for one client hold.
    for n in 0..4_000 {
        let metadata = format!("{n:05}{}", "x".repeat(8_000));
        let change = UpdateRoomMetadataRequest { room: "kitchen".into(), metadata };
        server.services().update_room_metadata(change).await.expect("changed");
    }
    gone(&server, "deaf").await;
    let (ben, _at_ben) = server.join("kitchen", "ben", JoinOptions::default()).await;
    ben.send_data(b"still here".to_vec(), Default::default()).await.expect("sent");
    wait(&mut at_anna, |event| {
        matches!(event, RoomEvent::Data { payload, .. } if payload == b"still here").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_says_nothing_is_not_waited_for() {
    let limits = Limits { silence: Duration::from_millis(300), ..Limits::default() };
    let server = LiveKit::with(RoomServerConfig { limits, ..impatient() }).await;
    let _silent = line(&server, "mute").await;
    assert!(present(&server, "mute").await);
    gone(&server, "mute").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_speaks_another_language_loses_its_line() {
    let server = LiveKit::with(impatient()).await;
    let mut line = line(&server, "stranger").await;
    line.send(Frame::Binary(vec![0xff; 40].into())).await.expect("sent");
    let ended = async { while line.next().await.is_some_and(|frame| frame.is_ok()) {} };
    timeout(PATIENCE, ended).await.expect("in time");
    gone(&server, "stranger").await;
}
