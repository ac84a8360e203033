use super::*;
use crate::error::{A2aError, ErrorKind};
use crate::model::{
    Artifact, ListTasksRequest, Message, Part, Role, StreamResponse, TaskPushNotificationConfig, TaskState, Timestamp,
};
use crate::version::Dialect;
use serde_json::json;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_767_225_600_000 + millis)
}

fn message(id: &str, task: &str, context: &str) -> Message {
    Message {
        message_id: id.into(),
        task_id: task.into(),
        context_id: context.into(),
        role: Role::User,
        parts: vec![Part::text(id)],
        ..Default::default()
    }
}

fn new(deadline: Option<Timestamp>) -> NewTask {
    let config =
        TaskPushNotificationConfig { id: "p-1".into(), url: "https://hooks.example.org".into(), ..Default::default() };
    let push = Webhook { config, dialect: Dialect::V0_3 };
    NewTask {
        owner: Owner("spiffe://example.org/orchestrator".into()),
        task_id: "t-1".into(),
        context_id: "c-1".into(),
        message: message("m-1", "", ""),
        push: Some(push),
        deadline,
        kept: json!({ "trace": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" })
            .as_object()
            .cloned()
            .unwrap_or_default(),
    }
}

fn begun() -> TaskRecord {
    TaskRecord::open(new(None), at(0)).expect("a task").0
}

fn status(record: &mut TaskRecord, state: TaskState, millis: i64) -> Vec<Action> {
    let message = Message { message_id: format!("a-{millis}"), parts: vec![Part::text("…")], ..Default::default() };
    let event = Event::Status { state, message: Some(Box::new(message)), metadata: None };
    apply(record, event, at(millis)).expect("a status")
}

fn follow_up(record: &mut TaskRecord, message: Message) -> Result<Vec<Action>, ErrorKind> {
    let event = Event::Message { message: Box::new(message), push: None, deadline: None };
    apply(record, event, at(50)).map_err(|refused| A2aError::from(refused).kind)
}

fn artifact(record: &mut TaskRecord, id: &str, word: &str, flags: [bool; 2]) -> Result<Vec<Action>, Refused> {
    let artifact = Artifact { artifact_id: id.into(), parts: vec![Part::text(word)], ..Default::default() };
    let event =
        Event::Artifact { artifact: Box::new(artifact), append: flags[0], last_chunk: flags[1], metadata: None };
    apply(record, event, at(1))
}

#[test]
fn a_task_begins_with_itself_and_tells_its_webhook() {
    let (record, actions) = TaskRecord::open(new(Some(at(9))), at(0)).expect("a task");
    let task = record.task();
    assert_eq!((record.state(), record.updated(), record.sequence()), (TaskState::Submitted, at(0), 1));
    assert_eq!((task.history[0].task_id.as_str(), task.history[0].context_id.as_str()), ("t-1", "c-1"));
    assert_eq!(
        actions,
        [
            Action::Tell { sequence: 1, event: Box::new(StreamResponse::Task(task.clone())) },
            Action::Push { config_id: "p-1".into(), sequence: 1 },
            Action::Wake(at(9)),
        ]
    );
    assert_eq!(record.push()["p-1"].config.task_id, "t-1");
    // A client never names a task that does not exist; its conversation it may.
    let named = NewTask { message: message("m-1", "mine", ""), ..new(None) };
    assert_eq!(TaskRecord::open(named, at(0)).err(), Some(Refused::OtherTask));
    let context = NewTask { message: message("m-1", "", "mine"), ..new(None) };
    assert_eq!(TaskRecord::open(context, at(0)).map(|(record, _)| record.task().context_id.clone()), Ok("mine".into()));
}

#[test]
fn an_answer_takes_an_interrupted_task_on() {
    let mut record = begun();
    status(&mut record, TaskState::InputRequired, 10);
    assert_eq!(record.task().history.len(), 1);
    follow_up(&mut record, message("m-2", "t-1", "")).expect("an answer");
    assert_eq!((record.state(), record.sequence()), (TaskState::Working, 3));
    // Its question has become history, and the answer follows it.
    let ids: Vec<&str> = record.task().history.iter().map(|message| message.message_id.as_str()).collect();
    assert_eq!(ids, ["m-1", "a-10", "m-2"]);
    assert_eq!(record.task().history[2].context_id, "c-1");
    assert_eq!(follow_up(&mut record, message("m-2", "t-1", "c-1")), Ok(Vec::new()));
    assert_eq!(follow_up(&mut record, message("m-3", "t-1", "c-2")), Err(ErrorKind::InvalidParams));
    assert_eq!(follow_up(&mut record, message("m-3", "t-2", "")), Err(ErrorKind::TaskNotFound));
    // More to a task that is at work is taken too.
    follow_up(&mut record, message("m-3", "t-1", "")).expect("more");
    assert_eq!((record.state(), record.sequence()), (TaskState::Working, 4));
}

#[test]
fn what_is_over_stays_over() {
    for end in [TaskState::Completed, TaskState::Failed, TaskState::Canceled, TaskState::Rejected] {
        let mut record = begun();
        status(&mut record, end, 10);
        let before = record.clone();
        assert_eq!(follow_up(&mut record, message("m-2", "t-1", "")), Err(ErrorKind::UnsupportedOperation));
        // The message that began it may come again: its sender lost the answer.
        assert_eq!(follow_up(&mut record, message("m-1", "", "")), Ok(Vec::new()));
        assert_eq!(apply(&mut record, Event::Cancel, at(11)), Err(Refused::NotCancelable(end)));
        assert_eq!(A2aError::from(Refused::NotCancelable(end)).kind, ErrorKind::TaskNotCancelable);
        assert_eq!(artifact(&mut record, "x", "a", [false; 2]), Err(Refused::AfterEnd(end)));
        assert_eq!(record, before);
        // Webhooks may still be looked after.
        assert_eq!(apply(&mut record, Event::DeletePush("p-1".into()), at(12)), Ok(Vec::new()));
        assert!(record.push().is_empty());
    }
}

#[test]
fn artifacts_grow_until_their_last_chunk() {
    let mut record = begun();
    assert_eq!(artifact(&mut record, "x", "a", [true, false]), Err(Refused::Append("x".into())));
    artifact(&mut record, "x", "a", [false, false]).expect("a beginning");
    artifact(&mut record, "x", "b", [true, true]).expect("an end");
    assert_eq!(artifact(&mut record, "x", "c", [true, false]), Err(Refused::Append("x".into())));
    assert_eq!(record.task().artifacts[0].parts, [Part::text("a"), Part::text("b")]);
    artifact(&mut record, "x", "new", [false, false]).expect("another in its place");
    assert_eq!(record.task().artifacts[0].parts, [Part::text("new")]);
    assert_eq!(artifact(&mut record, "", "a", [false; 2]), Err(Refused::EmptyArtifact));
    assert_eq!(record.sequence(), 4);
}

#[test]
fn a_deadline_ends_the_work_once_and_one_that_moved_is_waited_for() {
    let (mut record, _) = TaskRecord::open(new(Some(at(100))), at(0)).expect("a task");
    assert_eq!(apply(&mut record, Event::DeadlinePassed, at(99)), Ok(vec![Action::Wake(at(100))]));
    let actions = apply(&mut record, Event::DeadlinePassed, at(100)).expect("the deadline");
    assert_eq!((record.state(), actions.last()), (TaskState::Failed, Some(&Action::Cancelled)));
    assert_eq!(apply(&mut record, Event::DeadlinePassed, at(200)), Ok(Vec::new()));
    let mut record = begun();
    assert_eq!(apply(&mut record, Event::Cancel, at(5)).map(|actions| actions.contains(&Action::Cancelled)), Ok(true));
    assert_eq!(record.state(), TaskState::Canceled);
}

#[test]
fn others_do_not_see_it_and_filters_are_exact() {
    let record = begun();
    let (me, other) = (record.owner().clone(), Owner("spiffe://example.org/other".into()));
    assert!(record.is_visible_to(&me) && !record.is_visible_to(&other));
    let listed = |request: ListTasksRequest| record.is_listed(&me, &request);
    assert!(listed(ListTasksRequest::default()));
    assert!(!record.is_listed(&other, &ListTasksRequest::default()));
    assert!(listed(ListTasksRequest { status_timestamp_after: Some(at(0)), ..Default::default() }));
    assert!(!listed(ListTasksRequest { status_timestamp_after: Some(at(1)), ..Default::default() }));
    assert!(!listed(ListTasksRequest { context_id: "c-2".into(), ..Default::default() }));
    assert!(!listed(ListTasksRequest { status: TaskState::Working, ..Default::default() }));
    let page = page([&record].into_iter(), &me, &ListTasksRequest::default()).expect("a page");
    assert_eq!((page.page_size, page.total_size, page.next_page_token.as_str()), (50, 1, ""));
    let bad = ListTasksRequest { page_token: "?".into(), ..Default::default() };
    assert_eq!(Cursor::of(&bad).map_err(|error| error.kind), Err(ErrorKind::InvalidParams));
}

#[test]
fn a_view_has_the_newest_messages_and_artifacts_on_demand() {
    let mut record = begun();
    artifact(&mut record, "x", "a", [false; 2]).expect("an artifact");
    follow_up(&mut record, message("m-2", "t-1", "")).expect("more");
    let ids =
        |length| view(record.task(), length, false).history.into_iter().map(|one| one.message_id).collect::<Vec<_>>();
    assert_eq!(ids(None), ["m-1", "m-2"]);
    assert_eq!(ids(Some(1)), ["m-2"]);
    assert_eq!(ids(Some(9)), ["m-1", "m-2"]);
    assert_eq!((ids(Some(0)), ids(Some(-1))), (Vec::<String>::new(), Vec::new()));
    assert_eq!(view(record.task(), None, true).artifacts.len(), 1);
    assert!(view(record.task(), None, false).artifacts.is_empty());
}

/// What this program stored once, every later one must read, and write the same.
#[test]
fn records_of_every_form_are_read() {
    let golden = include_bytes!("../../tests/golden/task-record.1.json");
    let mut record = TaskRecord::open(new(Some(at(60_000))), at(0)).expect("a task").0;
    status(&mut record, TaskState::InputRequired, 10);
    follow_up(&mut record, message("m-2", "t-1", "")).expect("an answer");
    artifact(&mut record, "x", "a", [false, true]).expect("an artifact");
    let text = String::from_utf8_lossy(golden);
    assert_eq!(String::from_utf8_lossy(&record.to_json()), text.trim_end());
    assert_eq!(TaskRecord::from_json(golden).expect("the golden record"), record);
    let newer = text.replace("\"version\":1", "\"version\":2");
    assert!(matches!(TaskRecord::from_json(newer.as_bytes()), Err(Unreadable::Version(2))));
    assert!(matches!(TaskRecord::from_json(b"{\"version\":1}"), Err(Unreadable::Damaged(_))));
}
