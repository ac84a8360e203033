use crate::bed::{Bed, here, now, nowhere, push, quickly};
use crate::receiver::{Receiver, Reply};
use duologue_a2a::version::Dialect;
use duologue_gateway::push::{DiallerConfig, Patience, Schedule, SenderConfig};
use duologue_store::{Outcome, Standing};
use std::time::Duration;

#[tokio::test]
async fn what_arrives_is_the_event_signed_and_named() {
    let (bed, mut receiver) = (Bed::new().await, Receiver::start([]).await);
    let running = bed.send(here(), quickly());
    let key = bed.put(push(&receiver.url(), "t-1", 7)).await;
    let got = receiver.next().await;
    assert_eq!(got.line, "POST /hook HTTP/1.1");
    assert_eq!(got.verified(&bed.key.verifying()), "t-1:p:7");
    assert_eq!(got.text("content-type"), "application/a2a+json");
    assert_eq!(got.text("a2a-version"), "1.0");
    assert_eq!(got.text("authorization"), "Bearer credential");
    assert_eq!(got.text("x-a2a-notification-token"), "token");
    assert_eq!(got.text("duologue-event"), "7");
    let body: serde_json::Value = serde_json::from_slice(&got.body).expect("JSON");
    assert_eq!(body["statusUpdate"]["status"]["state"], "TASK_STATE_WORKING");
    assert!(bed.is_done(&key).await);
    // Who set the configuration in 0.3 gets 0.3.
    bed.put(duologue_gateway::push::Push { dialect: Dialect::V0_3, ..push(&receiver.url(), "t-2", 1) }).await;
    let got = receiver.next().await;
    assert_eq!((got.text("a2a-version"), got.text("content-type")), ("0.3".into(), "application/json".into()));
    running.end().await;
}

#[tokio::test]
async fn what_did_not_arrive_is_sent_again_under_the_same_name() {
    let replies = [Reply::Status(503), Reply::Close, Reply::Status(429)];
    let (bed, mut receiver) = (Bed::new().await, Receiver::start(replies).await);
    let running = bed.send(here(), quickly());
    let key = bed.put(push(&receiver.url(), "t", 1)).await;
    for _ in 0..4 {
        assert_eq!(receiver.next().await.verified(&bed.key.verifying()), "t:p:1");
    }
    assert!(bed.is_done(&key).await);
    running.end().await;
    assert!(receiver.is_idle());
}

#[tokio::test]
async fn what_is_of_no_use_ends() {
    for code in [301, 400, 401, 404, 410] {
        let (bed, mut receiver) = (Bed::new().await, Receiver::start([Reply::Status(code)]).await);
        let running = bed.send(here(), quickly());
        let key = bed.put(push(&receiver.url(), "t", 1)).await;
        assert_eq!(bed.failure(&key).await, format!("the receiver answered {code}"));
        running.end().await;
        receiver.next().await;
        assert!(receiver.is_idle(), "{code}: once");
    }
}

#[tokio::test]
async fn it_ends_after_the_last_attempt() {
    let (bed, mut receiver) = (Bed::new().await, Receiver::start(vec![Reply::Status(500); 9]).await);
    let running = bed.send(here(), quickly());
    let key = bed.put(push(&receiver.url(), "t", 1)).await;
    assert_eq!(bed.failure(&key).await, "the receiver answered 500");
    let nobody = bed.put(push(&nowhere().await, "n", 1)).await;
    assert!(bed.failure(&nobody).await.starts_with("the receiver cannot be reached"));
    running.end().await;
    for _ in 0..quickly().schedule.attempts {
        receiver.next().await;
    }
    assert!(receiver.is_idle());
}

#[tokio::test]
async fn who_does_not_answer_is_not_waited_for() {
    let bed = Bed::new().await;
    let mut receiver =
        Receiver::start([Reply::Hang, Reply::Raw("HTTP/1.1 200 OK\r\ncontent-length: 900000\r\n\r\nx")]).await;
    let dialler = DiallerConfig { whole: Duration::from_millis(200), ..here() };
    let running = bed.send(dialler, quickly());
    let key = bed.put(push(&receiver.url(), "t", 1)).await;
    receiver.next().await;
    assert!(matches!(bed.standing(&key, 1).await, Standing::Due { failure: Some(why), .. } if why.contains("in time")));
    // A body that does not come is not missed: the status has said it.
    receiver.next().await;
    assert!(bed.is_done(&key).await);
    running.end().await;
    assert!(receiver.is_idle());
}

#[tokio::test]
async fn events_of_a_task_come_one_at_a_time_in_order() {
    let (bed, mut receiver) = (Bed::new().await, Receiver::start(vec![Reply::Held; 20]).await);
    for sequence in (1..=10).rev() {
        bed.put(push(&receiver.url(), "t", sequence)).await;
    }
    let running = bed.send(here(), quickly());
    for sequence in 1..=10 {
        assert_eq!(receiver.next().await.text("duologue-event"), sequence.to_string());
        assert!(receiver.is_idle(), "the one before was not answered yet");
        receiver.let_go(1);
    }
    running.end().await;
}

#[tokio::test]
async fn a_burst_for_one_receiver_is_delivered_at_once_and_in_order() {
    let (bed, mut receiver) = (Bed::new().await, Receiver::start([]).await);
    for sequence in 1..=30 {
        for task in 0..20 {
            bed.put(push(&receiver.url(), &format!("t{task}"), sequence)).await;
        }
    }
    // With pauses of ten seconds, once one of them is put off it is missing.
    let running = bed.send(here(), SenderConfig::default());
    let mut seen = std::collections::BTreeMap::new();
    for _ in 0..600 {
        let told = receiver.next().await;
        let (task, sequence) = (told.text("webhook-id"), told.text("duologue-event").parse::<u64>().unwrap());
        let task = task.split(':').next().unwrap().to_owned();
        let before = seen.insert(task, sequence).unwrap_or(0);
        assert_eq!(sequence, before + 1);
    }
    running.end().await;
}

#[tokio::test]
async fn a_receiver_has_two_calls_at_once_and_the_others_do_not_wait_for_it() {
    let bed = Bed::new().await;
    let (mut slow, mut quick) = (Receiver::start(vec![Reply::Held; 30]).await, Receiver::start([]).await);
    for task in 0..30 {
        bed.put(push(&slow.url(), &format!("s{task}"), 1)).await;
    }
    for task in 0..30 {
        bed.put(push(&quick.url(), &format!("q{task}"), 1)).await;
    }
    let running = bed.send(here(), quickly());
    for _ in 0..30 {
        quick.next().await;
    }
    for _ in 0..2 {
        slow.next().await;
    }
    assert!(slow.is_idle());
    slow.let_go(30);
    for _ in 2..30 {
        slow.next().await;
    }
    running.end().await;
}

#[tokio::test]
async fn the_dead_are_left_alone_but_for_the_last_attempt() {
    let (bed, mut receiver) = (Bed::new().await, Receiver::start(vec![Reply::Status(500); 99]).await);
    let patience = Patience { after: 3, first: Duration::from_secs(3600), longest: Duration::from_secs(3600) };
    let schedule = Schedule { attempts: 9, ..quickly().schedule };
    let running = bed.send(here(), SenderConfig { patience, schedule, ..quickly() });
    let first = bed.put(push(&receiver.url(), "a", 1)).await;
    for _ in 0..3 {
        receiver.next().await;
    }
    assert!(
        matches!(bed.standing(&first, 4).await, Standing::Due { failure: Some(why), .. } if why.contains("left alone"))
    );
    let second = bed.put(push(&receiver.url(), "b", 1)).await;
    assert!(
        matches!(bed.standing(&second, 1).await, Standing::Due { failure: Some(why), .. } if why.contains("left alone"))
    );
    // Its time is over: it is sent all the same, once.
    let old = duologue_gateway::push::Push { since: duologue_store::UnixMs(0), ..push(&receiver.url(), "c", 1) };
    let old = bed.put(old).await;
    assert_eq!(bed.failure(&old).await, "the receiver answered 500");
    assert_eq!(receiver.next().await.text("webhook-id"), "c:p:1");
    running.end().await;
    assert!(receiver.is_idle());
}

#[tokio::test]
async fn what_somebody_else_had_is_sent_when_his_lease_is_over() {
    let (bed, mut receiver) = (Bed::new().await, Receiver::start([]).await);
    let key = bed.put(push(&receiver.url(), "t", 1)).await;
    let dead = duologue_gateway::push::Outbox::claim(&*bed.outbox, now(), Duration::from_millis(50), 9).await;
    let dead = dead.expect("claimed").remove(0);
    let running = bed.send(here(), quickly());
    assert_eq!(receiver.next().await.verified(&bed.key.verifying()), "t:p:1");
    assert!(bed.is_done(&key).await);
    let late =
        duologue_gateway::push::Outbox::settle(&*bed.outbox, dead.claim, Outcome::Failed(now(), "late".into())).await;
    assert!(late.is_err(), "it is another's by now");
    running.end().await;
}

#[tokio::test]
async fn at_the_end_what_waits_is_given_back_at_once() {
    let (bed, mut receiver) = (Bed::new().await, Receiver::start([Reply::Held, Reply::Held]).await);
    for task in ["a", "b", "c"] {
        bed.put(push(&receiver.url(), task, 1)).await;
    }
    let running = bed.send(here(), quickly());
    let under_way = [receiver.next().await, receiver.next().await].map(|got| got.text("webhook-id"));
    receiver.let_go(2);
    running.end().await;
    for key in &under_way {
        assert!(bed.is_done(key).await, "{key} had its grace");
    }
    let left = duologue_gateway::push::Outbox::claim(&*bed.outbox, now(), Duration::from_secs(1), 9).await;
    let left = left.expect("claimed");
    assert!(left.len() <= 1 && left.iter().all(|due| !under_way.contains(&due.claim.key)));
    let running = bed.send(here(), SenderConfig { schedule: Schedule::default(), ..quickly() });
    running.end().await;
}
