//! Webhooks, and what is pushed to them.

use super::streams::Told;
use super::{Client, Ended, Outcome, asking, at_once, check, expect, failed, numbers, refused, task_of};
use crate::listen;
use a2a::{
    AuthenticationInfo, DeleteTaskPushNotificationConfigRequest, GetTaskPushNotificationConfigRequest,
    ListTaskPushNotificationConfigsRequest, StreamResponse, TaskPushNotificationConfig, TaskState, error_code,
};
use axum::Router;
use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::routing::post;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

pub(super) async fn all(client: &Client) {
    check("webhooks", webhooks(client)).await;
    check("pushes", pushes(client)).await;
}

fn webhook(task_id: String, url: String) -> TaskPushNotificationConfig {
    let (id, token) = (Some("first".to_owned()), Some("secret".to_owned()));
    TaskPushNotificationConfig { url, id, task_id, token, authentication: None, tenant: None }
}

async fn webhooks(client: &Client) -> Outcome {
    let task_id = task_of(client, asking("tck-input-required", None)).await?.id;
    let wanted = webhook(task_id.clone(), "http://127.0.0.1:9/hook".into());
    let same = |what: &str, found: TaskPushNotificationConfig| {
        expect(what, (found.task_id, found.id, found.url), (task_id.clone(), wanted.id.clone(), wanted.url.clone()))
    };
    same("what was made", client.create_push_config(&wanted).await?)?;
    let (task, id) = (task_id.clone(), "first".to_owned());
    let one = GetTaskPushNotificationConfigRequest { task_id: task.clone(), id: id.clone(), tenant: None };
    same("what is there", client.get_push_config(&one).await?)?;
    let every = ListTaskPushNotificationConfigsRequest {
        task_id: task.clone(),
        page_size: None,
        page_token: None,
        tenant: None,
    };
    let listed = client.list_push_configs(&every).await?.configs;
    expect("the list", listed.into_iter().map(|each| each.id).collect(), vec![Some(id.clone())])?;
    client.delete_push_config(&DeleteTaskPushNotificationConfigRequest { task_id: task, id, tenant: None }).await?;
    expect("the list", client.list_push_configs(&every).await?.configs, vec![])?;
    refused(client.get_push_config(&one).await, error_code::TASK_NOT_FOUND)
}

type Post = (HeaderMap, Bytes);

/// A webhook on this machine: its address, and what is posted to it.
async fn receiver() -> Result<(String, UnboundedReceiver<Post>), Ended> {
    let words = |error: &dyn std::fmt::Display| Ended::Failed(error.to_string());
    let listener = listen(0).await.map_err(|error| words(&error))?;
    let url = format!("http://{}/hook", listener.local_addr().map_err(|error| words(&error))?);
    let (posted, posts) = unbounded_channel();
    let hook = move |headers: HeaderMap, body: Bytes| {
        // Nobody waits for more once the check is over.
        drop(posted.send((headers, body)));
        std::future::ready(())
    };
    tokio::spawn(axum::serve(listener, Router::new().route("/hook", post(hook))).into_future());
    Ok((url, posts))
}

/// A push, read with the SDK's types.
fn read((headers, body): Post) -> Result<StreamResponse, Ended> {
    let header = |name| headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    expect("the token", header("x-a2a-notification-token"), Some("secret".to_owned()))?;
    expect("the credentials", header("authorization"), Some("Bearer open-sesame".to_owned()))?;
    serde_json::from_slice(&body).map_err(|error| Ended::Failed(format!("the SDK cannot read a push: {error}")))
}

async fn pushes(client: &Client) -> Outcome {
    let (url, mut posts) = receiver().await?;
    let (scheme, credentials) = ("Bearer".to_owned(), Some("open-sesame".to_owned()));
    let authentication = Some(AuthenticationInfo { scheme, credentials });
    let config = TaskPushNotificationConfig { id: None, authentication, ..webhook(String::new(), url) };
    task_of(client, at_once(asking("duologue-count 3 50", None), Some(config))).await?;
    let mut told = Told::default();
    while told.state != TaskState::Completed {
        match tokio::time::timeout(Duration::from_secs(20), posts.recv()).await {
            Ok(Some(push)) => told.hear(read(push)?),
            _ => return failed("no push came"),
        }
    }
    expect("the pieces", told.pieces, numbers(3))
}
