//! What is written is read the same: in 1.0 anything, in 0.3 what it has words for.

use crate::strategies::{card, event, push, send, task};
use duologue_a2a::call::{Operation, Reply};
use duologue_a2a::card::read;
use duologue_a2a::model::*;
use duologue_a2a::v0_3::{self, Form};
use duologue_a2a::version::Dialect;
use duologue_a2a::{call::Call, call::Limits};
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

const FORMS: [Form; 2] = [Form::Schema, Form::Proto];

fn again<T: Serialize + DeserializeOwned>(value: &T) -> T {
    let json = serde_json::to_vec(value).expect("the model can be written");
    serde_json::from_slice(&json).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&json)))
}

/// What 0.3 has no words for, taken away.
fn sayable_part(part: &mut Part) {
    if matches!(part.content, Content::Text(_) | Content::Data(_)) {
        (part.filename, part.media_type) = (String::new(), String::new());
    }
    // A word of 0.3's own, whose meaning it takes with it.
    if let Some(metadata) = &mut part.metadata {
        metadata.remove("data_part_compat");
    }
}

fn sayable_message(message: &mut Message) {
    message.parts.iter_mut().for_each(sayable_part);
}

fn sayable_status(status: &mut TaskStatus) {
    status.message.iter_mut().for_each(sayable_message);
}

fn sayable_artifact(artifact: &mut Artifact) {
    artifact.parts.iter_mut().for_each(sayable_part);
}

fn sayable_task(task: &mut Task) {
    sayable_status(&mut task.status);
    task.history.iter_mut().for_each(sayable_message);
    task.artifacts.iter_mut().for_each(sayable_artifact);
}

fn sayable(event: &mut StreamResponse) {
    match event {
        StreamResponse::Task(task) => sayable_task(task),
        StreamResponse::Message(message) => sayable_message(message),
        StreamResponse::StatusUpdate(update) => sayable_status(&mut update.status),
        StreamResponse::ArtifactUpdate(update) => sayable_artifact(&mut update.artifact),
    }
}

/// Metadata of a data part that wraps what is no object is made up on the way; an empty one then comes back as none.
fn is_exact(event: &StreamResponse) -> bool {
    let part = |part: &Part| {
        let wrapped = matches!(&part.content, Content::Data(data) if !data.is_object());
        !(wrapped && part.metadata.as_ref().is_some_and(Struct::is_empty))
    };
    let message = |message: &Message| message.parts.iter().all(part);
    let status = |status: &TaskStatus| status.message.iter().all(message);
    match event {
        StreamResponse::Task(task) => {
            status(&task.status)
                && task.history.iter().all(message)
                && task.artifacts.iter().all(|artifact| artifact.parts.iter().all(part))
        }
        StreamResponse::Message(of) => message(of),
        StreamResponse::StatusUpdate(update) => status(&update.status),
        StreamResponse::ArtifactUpdate(update) => update.artifact.parts.iter().all(part),
    }
}

proptest! {
    #[test]
    fn anything_goes_through_1_0(event in event(), push in push(), send in send(), mut card in card()) {
        card.signatures = vec![AgentCardSignature { protected: "e30".into(), signature: "AA".into(), header: None }];
        prop_assert_eq!(again(&event), event);
        prop_assert_eq!(again(&push), push);
        prop_assert_eq!(again(&send), send);
        prop_assert_eq!(again(&card), card);
    }

    #[test]
    fn events_go_through_0_3(mut event in event()) {
        sayable(&mut event);
        prop_assume!(is_exact(&event));
        for form in FORMS {
            let written = v0_3::write_event(&event, form);
            prop_assert_eq!(v0_3::read_event(written.clone()), Ok(event.clone()), "{:?} {}", form, written);
        }
    }

    #[test]
    fn requests_go_through_0_3(mut send in send(), push in push()) {
        sayable_message(&mut send.message);
        prop_assume!(is_exact(&StreamResponse::Message(send.message.clone())));
        for form in FORMS {
            for call in [Call::SendMessage(Box::new(send.clone())), Call::CreateTaskPushNotificationConfig(Box::new(push.clone()))] {
                let written = v0_3::write_request(&call, form).expect("0.3 has it");
                prop_assert_eq!(v0_3::read_request(call.operation(), written, form), Ok(call));
            }
        }
    }

    #[test]
    fn answers_go_through_0_3(mut task in task(), configs in prop::collection::vec(push(), 0..3)) {
        sayable_task(&mut task);
        prop_assume!(is_exact(&StreamResponse::Task(task.clone())));
        let configs = ListTaskPushNotificationConfigsResponse { configs, next_page_token: String::new() };
        for form in FORMS {
            for (operation, reply) in [
                (Operation::GetTask, Reply::Task(Box::new(task.clone()))),
                (Operation::SendMessage, Reply::Sent(Box::new(SendMessageResponse::Task(task.clone())))),
                (Operation::ListTaskPushNotificationConfigs, Reply::PushConfigs(configs.clone())),
                (Operation::DeleteTaskPushNotificationConfig, Reply::Deleted),
            ] {
                let written = v0_3::write_response(&reply, form).expect("0.3 has it");
                prop_assert_eq!(v0_3::read_response(operation, written), Ok(reply));
            }
        }
    }

    #[test]
    fn cards_go_through_0_3_and_one_card_serves_both(card in card()) {
        for form in FORMS {
            let written = v0_3::write_card(&card, form).expect("it has an interface of 0.3");
            prop_assert_eq!(v0_3::read_card(written), Ok(card.clone()));
        }
        let combined = v0_3::combined_card(&card);
        let json = serde_json::to_vec(&combined)?;
        let (new, dialect) = read(&json, &Limits::default())?;
        prop_assert_eq!((&new, dialect), (&card, Dialect::V1_0));
        let old = v0_3::read_card(combined);
        prop_assert_eq!(old, Ok(card));
    }
}
