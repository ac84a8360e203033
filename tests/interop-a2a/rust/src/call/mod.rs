//! `a2a-peers call URL BINDING VERSION`: does with our agent what clients do, as `clients/client.py` does it, a line of JSON for each
//! thing, with what went wrong. The agent is the one of `make conformance-agent`, which does what a message's first words say.

mod errors;
mod streams;
mod tasks;
mod webhooks;

use crate::Trouble;
use a2a::{
    A2AError, AgentCard, GetExtendedAgentCardRequest, Message, Part, Role, SendMessageConfiguration,
    SendMessageRequest, SendMessageResponse, Task, TaskPushNotificationConfig, error_code,
};
use a2a_client::agent_card::AgentCardResolver;
use a2a_client::{A2AClient, A2AClientFactory, Transport};
use a2a_grpc::GrpcTransportFactory;
use serde_json::json;
use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

type Client = A2AClient<Box<dyn Transport>>;

/// How a check ended, unless all is well.
enum Ended {
    Failed(String),
    /// What the SDK cannot do.
    Skipped(String),
}

impl From<A2AError> for Ended {
    fn from(error: A2AError) -> Self {
        Self::Failed(format!("refused with {}: {error}", error.code))
    }
}

type Outcome = Result<(), Ended>;

fn failed<T>(why: impl Into<String>) -> Result<T, Ended> {
    Err(Ended::Failed(why.into()))
}

fn expect<T: PartialEq + Debug>(what: &str, found: T, wanted: T) -> Outcome {
    if found == wanted { Ok(()) } else { failed(format!("{what} is {found:?} instead of {wanted:?}")) }
}

fn refused<T: Debug>(answer: Result<T, A2AError>, code: i32) -> Outcome {
    match answer {
        Err(error) => expect("the error", error.code, code),
        Ok(answer) => failed(format!("{answer:?} came instead of {code}")),
    }
}

fn asking(text: &str, task: Option<&Task>) -> SendMessageRequest {
    let mut message = Message::new(Role::User, vec![Part::text(text)]);
    message.task_id = task.map(|task| task.id.clone());
    message.context_id = task.map(|task| task.context_id.clone());
    SendMessageRequest { message, configuration: None, metadata: None, tenant: None }
}

/// The same without waiting for the end.
fn at_once(mut request: SendMessageRequest, webhook: Option<TaskPushNotificationConfig>) -> SendMessageRequest {
    request.configuration = Some(SendMessageConfiguration {
        accepted_output_modes: None,
        task_push_notification_config: webhook,
        history_length: None,
        return_immediately: Some(true),
    });
    request
}

async fn task_of(client: &Client, request: SendMessageRequest) -> Result<Task, Ended> {
    match client.send_message(&request).await? {
        SendMessageResponse::Task(task) => Ok(task),
        SendMessageResponse::Message(message) => failed(format!("{message:?} came instead of a task")),
    }
}

fn texts<'a>(parts: impl IntoIterator<Item = &'a Part>) -> Vec<&'a str> {
    parts.into_iter().map(|part| part.as_text().unwrap_or("?")).collect()
}

fn said(message: Option<&Message>) -> &str {
    message.and_then(Message::text).unwrap_or_default()
}

fn numbers(count: usize) -> Vec<String> {
    (1..=count).map(|number| number.to_string()).collect()
}

fn told(what: &str, outcome: Outcome) {
    println!(
        "{}",
        match outcome {
            Ok(()) => json!({ "what": what, "problems": [] }),
            Err(Ended::Failed(why)) => json!({ "what": what, "problems": [why] }),
            Err(Ended::Skipped(why)) => json!({ "what": what, "problems": [], "skipped": why }),
        }
    );
}

async fn check(what: &str, doing: impl Future<Output = Outcome>) {
    let late = || failed("not done after 30 s");
    told(what, tokio::time::timeout(Duration::from_secs(30), doing).await.unwrap_or_else(|_| late()));
}

async fn connected(url: &str, binding: &str, version: &str) -> Result<(AgentCard, Client), Ended> {
    let mut card = AgentCardResolver::new(None).resolve(url).await?;
    // Left to itself the SDK takes the binding that it likes best.
    card.supported_interfaces.retain(|at| (&*at.protocol_binding, &*at.protocol_version) == (binding, version));
    if card.supported_interfaces.is_empty() {
        return failed(format!("the card has no interface of {binding} {version}"));
    }
    let factory = A2AClientFactory::builder().register(Arc::new(GrpcTransportFactory::new())).build();
    match factory.create_from_card(&card).await {
        Err(error) if version == "0.3" && error.code == error_code::UNSUPPORTED_OPERATION => {
            Err(Ended::Skipped(format!("the SDK speaks 1.0 only: {error}")))
        }
        client => Ok((card, client?)),
    }
}

async fn card(card: &AgentCard) -> Outcome {
    expect("the name", &*card.name, "Conformance agent")?;
    expect("streaming", card.capabilities.streaming, Some(true))?;
    expect("push", card.capabilities.push_notifications, Some(true))
}

async fn signature(card: &AgentCard) -> Outcome {
    let signed = card.signatures.iter().flatten().any(|one| !one.protected.is_empty() && !one.signature.is_empty());
    expect("a signature is there", signed, true)?;
    Err(Ended::Skipped("the SDK reads a card's signatures, as was seen, and has nothing that verifies them".into()))
}

async fn extended_card(client: &Client) -> Outcome {
    let card = client.get_extended_agent_card(&GetExtendedAgentCardRequest { tenant: None }).await?;
    let skills: Vec<&str> = card.skills.iter().map(|skill| &*skill.id).collect();
    expect("the skills", skills, vec!["conformance", "extended"])
}

pub async fn run(url: &str, binding: &str, version: &str) -> Result<(), Trouble> {
    let (fetched, client) = match connected(url, binding, version).await {
        Ok(connected) => connected,
        Err(ended) => {
            told("connect", Err(ended));
            return Ok(());
        }
    };
    check("card", card(&fetched)).await;
    check("signature", signature(&fetched)).await;
    tasks::all(&client).await;
    streams::all(&client).await;
    webhooks::all(&client).await;
    errors::all(&client).await;
    check("extended_card", extended_card(&client)).await;
    Ok(())
}
