//! What holds for any events in any order.

use super::*;
use crate::model::{
    Artifact, Message, Part, Role, StreamResponse, Struct, Task, TaskPushNotificationConfig, TaskState, Timestamp,
};
use crate::version::Dialect;
use proptest::prelude::*;
use proptest::{collection, option, sample};
use std::collections::BTreeMap;

fn text(word: &str) -> Vec<Part> {
    vec![Part::text(word)]
}

fn said() -> impl Strategy<Value = Option<Box<Message>>> {
    option::of("[a-e]").prop_map(|id| {
        id.map(|id| Box::new(Message { parts: text(&id), message_id: id, role: Role::Agent, ..Default::default() }))
    })
}

fn webhook() -> impl Strategy<Value = Box<Webhook>> {
    ("[p-r]", sample::select(vec![Dialect::V0_3, Dialect::V1_0])).prop_map(|(id, dialect)| {
        let config = TaskPushNotificationConfig { url: format!("https://{id}"), id, ..Default::default() };
        Box::new(Webhook { config, dialect })
    })
}

fn event() -> impl Strategy<Value = Event> {
    let message = (
        "[m-q]",
        sample::select(vec!["", "t", "u"]),
        sample::select(vec!["", "c", "d"]),
        option::of(webhook()),
        option::of(0i64..900),
    );
    let artifact = ("[x-z]?", collection::vec("[a-z]", 0..3), any::<bool>(), any::<bool>());
    prop_oneof![
        2 => message.prop_map(|(message_id, task, context, push, deadline)| Event::Message {
            message: Box::new(Message {
                parts: text(&message_id),
                message_id,
                task_id: task.into(),
                context_id: context.into(),
                ..Default::default()
            }),
            push,
            deadline: deadline.map(Timestamp::from_millis),
        }),
        4 => (sample::select(TaskState::ALL), said())
            .prop_map(|(state, message)| Event::Status { state, message, metadata: None }),
        4 => artifact.prop_map(|(artifact_id, words, append, last_chunk)| Event::Artifact {
            artifact: Box::new(Artifact {
                artifact_id,
                parts: words.iter().flat_map(|word| text(word)).collect(),
                ..Default::default()
            }),
            append,
            last_chunk,
            metadata: None,
        }),
        1 => Just(Event::Cancel),
        2 => Just(Event::DeadlinePassed),
        1 => webhook().prop_map(Event::SetPush),
        1 => "[p-r]".prop_map(Event::DeletePush),
    ]
}

fn begun(deadline: Option<i64>) -> (TaskRecord, Vec<Action>) {
    let new = NewTask {
        owner: Owner("spiffe://example.org/a".into()),
        task_id: "t".into(),
        context_id: "c".into(),
        message: Message { message_id: "m".into(), parts: text("Good morning"), ..Default::default() },
        push: None,
        deadline: deadline.map(Timestamp::from_millis),
        kept: Struct::new(),
    };
    TaskRecord::open(new, Timestamp::from_millis(0)).expect("a task")
}

/// All but the messages of clients, which no event carries.
fn as_a_listener_knows_it(task: &Task) -> Task {
    let history = task.history.iter().filter(|message| message.role == Role::Agent).cloned().collect();
    Task { history, ..task.clone() }
}

/// The numbers of events and what webhooks were told of each.
fn numbers(actions: &[Action]) -> Vec<u64> {
    actions
        .iter()
        .filter_map(|action| if let Action::Tell { sequence, .. } = action { Some(*sequence) } else { None })
        .collect()
}

proptest! {
    #[test]
    fn numbers_are_dense_ends_are_final_and_listeners_know_the_task(
        events in collection::vec((event(), 0i64..50), 0..40), deadline in option::of(0i64..900),
    ) {
        let (mut record, actions) = begun(deadline);
        let mut told: Vec<StreamResponse> = Vec::new();
        let mut known = Task::default();
        let mut ends = 0;
        let mut now = 0;
        prop_assert_eq!(numbers(&actions), vec![1]);
        for action in actions {
            if let Action::Tell { event, .. } = action { fold(&mut known, &event); told.push(*event); }
        }
        for (event, later) in events {
            now += later;
            let before = record.clone();
            let is_state = matches!(event, Event::Status { .. } | Event::Artifact { .. } | Event::Cancel);
            match apply(&mut record, event.clone(), Timestamp::from_millis(now)) {
                Err(refused) => prop_assert_eq!(&record, &before, "{}", refused),
                Ok(actions) => {
                    prop_assert!(!(before.state().is_terminal() && is_state), "{:?} after the end", event);
                    let numbers = numbers(&actions);
                    prop_assert_eq!(record.sequence(), before.sequence() + numbers.len() as u64);
                    prop_assert!(numbers.is_empty() || numbers == [record.sequence()]);
                    let pushed: Vec<(String, u64)> = actions.iter().filter_map(|action| match action {
                        Action::Push { config_id, sequence } => Some((config_id.clone(), *sequence)),
                        _ => None,
                    }).collect();
                    let expected: Vec<(String, u64)> =
                        numbers.iter().flat_map(|number| record.push().keys().map(|id| (id.clone(), *number))).collect();
                    prop_assert_eq!(pushed, expected);
                    for action in &actions {
                        if let Action::Tell { event, .. } = action { fold(&mut known, event); told.push((**event).clone()); }
                    }
                    if actions.is_empty() { prop_assert_eq!(record.task(), before.task()); }
                    ends += usize::from(actions.contains(&Action::Cancelled));
                }
            }
            if before.state().is_terminal() { prop_assert_eq!(record.task(), before.task()); }
            prop_assert!(record.updated() >= before.updated());
            prop_assert_eq!(as_a_listener_knows_it(record.task()), as_a_listener_knows_it(&known));
            prop_assert_eq!(&TaskRecord::from_json(&record.to_json()).expect("what was stored is read"), &record);
        }
        prop_assert!(ends <= 1);
        prop_assert_eq!(told.len() as u64, record.sequence());
        prop_assert!(matches!(told.first(), Some(StreamResponse::Task(_))));
        prop_assert!(told.iter().skip(1).all(|event| !matches!(event, StreamResponse::Task(_) | StreamResponse::Message(_))));
    }

    #[test]
    fn a_message_that_was_taken_changes_nothing(events in collection::vec(event(), 0..20), again in "[m-q]") {
        let (mut record, _) = begun(None);
        for event in events {
            let _ = apply(&mut record, event, Timestamp::from_millis(1));
        }
        let message = Message { message_id: again, task_id: "t".into(), parts: text("x"), ..Default::default() };
        let event = Event::Message { message: Box::new(message.clone()), push: None, deadline: None };
        let first = apply(&mut record, event.clone(), Timestamp::from_millis(2));
        prop_assert_eq!(first.is_ok(), record.has_taken(&message));
        let before = record.clone();
        if first.is_ok() {
            prop_assert_eq!(apply(&mut record, event, Timestamp::from_millis(3)), Ok(Vec::new()));
            prop_assert_eq!(record, before);
        }
    }

    #[test]
    fn pages_hold_every_task_of_the_owner_once_and_in_order(
        moments in collection::vec((0i64..5, any::<bool>()), 0..20), size in 1i32..7,
    ) {
        let records: BTreeMap<String, TaskRecord> = moments.iter().enumerate().map(|(at, (moment, mine))| {
            let (mut record, _) = begun(None);
            record.task.id = format!("t{at}");
            record.task.status.timestamp = Some(Timestamp::from_millis(*moment));
            if !mine { record.owner = Owner("somebody else".into()); }
            (record.task.id.clone(), record)
        }).collect();
        let me = Owner("spiffe://example.org/a".into());
        let mut request = crate::model::ListTasksRequest { page_size: Some(size), ..Default::default() };
        let (mut seen, mut all) = (Vec::new(), 0);
        loop {
            let page = page(records.values(), &me, &request).expect("a page");
            prop_assert!(page.tasks.len() <= size as usize);
            all = all.max(page.total_size);
            seen.extend(page.tasks.into_iter().map(|task| (task.status.timestamp, task.id)));
            if page.next_page_token.is_empty() { break; }
            request.page_token = page.next_page_token;
        }
        let mut expected: Vec<_> = records.values().filter(|record| record.is_visible_to(&me))
            .map(|record| (record.task.status.timestamp, record.task.id.clone())).collect();
        expected.sort_by(|(at, id), (other, other_id)| other.cmp(at).then(other_id.cmp(id)));
        prop_assert_eq!(all as usize, expected.len());
        prop_assert_eq!(seen, expected);
    }

    #[test]
    fn any_page_token_is_read_or_refused(page_token: String) {
        let request = crate::model::ListTasksRequest { page_token, ..Default::default() };
        let _ = Cursor::of(&request);
    }
}
