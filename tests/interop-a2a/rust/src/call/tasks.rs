//! Messages, tasks and what they come to.

use super::{Client, Outcome, asking, at_once, check, expect, failed, said, task_of, texts};
use a2a::{
    Artifact, CancelTaskRequest, GetTaskRequest, ListTasksRequest, Part, PartContent, Role, SendMessageResponse, Task,
    TaskState,
};
use serde_json::json;

pub(super) async fn all(client: &Client) {
    check("message", message(client)).await;
    check("task", task(client)).await;
    check("artifact_text", artifact_text(client)).await;
    check("artifact_file", artifact_file(client)).await;
    check("artifact_url", artifact_url(client)).await;
    check("artifact_data", artifact_data(client)).await;
    check("failure", failure(client)).await;
    check("get", get(client)).await;
    check("list", list(client)).await;
    check("cancel", cancel(client)).await;
    check("question", question(client)).await;
}

fn parts(task: &Task) -> Vec<&Part> {
    task.artifacts.iter().flatten().flat_map(|artifact: &Artifact| &artifact.parts).collect()
}

async fn message(client: &Client) -> Outcome {
    match client.send_message(&asking("tck-message-response", None)).await? {
        SendMessageResponse::Message(message) => {
            expect("its text", said(Some(&message)), "Direct message response")?;
            expect("its role", message.role, Role::Agent)
        }
        SendMessageResponse::Task(task) => failed(format!("{task:?} came instead of a message")),
    }
}

async fn task(client: &Client) -> Outcome {
    let task = task_of(client, asking("hello", None)).await?;
    expect("the state", task.status.state, TaskState::Completed)?;
    expect("the status", said(task.status.message.as_ref()), "Hello from TCK")?;
    expect("the status has a time", task.status.timestamp.is_some(), true)
}

async fn artifact_text(client: &Client) -> Outcome {
    let task = task_of(client, asking("tck-artifact-text", None)).await?;
    expect("the text", texts(parts(&task)), vec!["Generated text content"])
}

/// One part that is a file of this content.
async fn file(client: &Client, words: &str, content: PartContent) -> Outcome {
    let task = task_of(client, asking(words, None)).await?;
    let wanted =
        Part { content, filename: Some("output.txt".into()), media_type: Some("text/plain".into()), metadata: None };
    expect("the file", parts(&task), vec![&wanted])
}

async fn artifact_file(client: &Client) -> Outcome {
    file(client, "tck-artifact-file", PartContent::Raw(b"Generated file content".to_vec())).await
}

async fn artifact_url(client: &Client) -> Outcome {
    file(client, "tck-artifact-file-url", PartContent::Url("https://example.com/output.txt".into())).await
}

async fn artifact_data(client: &Client) -> Outcome {
    let task = task_of(client, asking("tck-artifact-data", None)).await?;
    match parts(&task).as_slice() {
        [Part { content: PartContent::Data(data), .. }] => {
            expect("the key", &data["key"], &json!("value"))?;
            // Protobuf has no other numbers.
            expect("the count", data["count"].as_f64(), Some(42.0))
        }
        other => failed(format!("the parts are {other:?}")),
    }
}

async fn failure(client: &Client) -> Outcome {
    let task = task_of(client, asking("tck-task-failure", None)).await?;
    expect("the state", task.status.state, TaskState::Failed)
}

fn getting(task: &Task, history_length: Option<i32>) -> GetTaskRequest {
    GetTaskRequest { id: task.id.clone(), history_length, tenant: None }
}

async fn get(client: &Client) -> Outcome {
    let task = task_of(client, asking("tck-artifact-text", None)).await?;
    let again = client.get_task(&getting(&task, None)).await?;
    expect("the task", (&again.id, &again.context_id), (&task.id, &task.context_id))?;
    expect("the artifact", texts(parts(&again)), vec!["Generated text content"])?;
    expect("the history's first", said(again.history.iter().flatten().next()), "tck-artifact-text")?;
    let none = client.get_task(&getting(&task, Some(0))).await?;
    expect("the history", none.history.unwrap_or_default(), vec![])
}

async fn list(client: &Client) -> Outcome {
    let mut made = vec![task_of(client, asking("tck-artifact-text", None)).await?];
    for _ in 0..2 {
        let mut request = asking("tck-artifact-text", None);
        request.message.context_id = Some(made[0].context_id.clone());
        made.push(task_of(client, request).await?);
    }
    let mut request = ListTasksRequest {
        context_id: Some(made[0].context_id.clone()),
        status: None,
        page_size: Some(2),
        page_token: None,
        history_length: None,
        status_timestamp_after: None,
        include_artifacts: Some(true),
        tenant: None,
    };
    let page = client.list_tasks(&request).await?;
    expect("the sizes", (page.total_size, page.tasks.len()), (3, 2))?;
    expect("the artifact", texts(parts(&page.tasks[0])), vec!["Generated text content"])?;
    request.page_token = Some(page.next_page_token);
    let rest = client.list_tasks(&request).await?;
    let found: Vec<Task> = [page.tasks, rest.tasks].concat();
    let sorted = |tasks: &[Task]| {
        let mut ids: Vec<String> = tasks.iter().map(|task| task.id.clone()).collect();
        ids.sort_unstable();
        ids
    };
    expect("the tasks", sorted(&found), sorted(&made))?;
    expect("the order is that of time", found.is_sorted_by(|a, b| a.status.timestamp >= b.status.timestamp), true)?;
    expect("the next page", &*rest.next_page_token, "")
}

async fn cancel(client: &Client) -> Outcome {
    let task = task_of(client, at_once(asking("tck-cancel", None), None)).await?;
    let ended = client.cancel_task(&CancelTaskRequest { id: task.id, metadata: None, tenant: None }).await?;
    expect("the state", ended.status.state, TaskState::Canceled)
}

async fn question(client: &Client) -> Outcome {
    let task = task_of(client, asking("tck-multi-turn", None)).await?;
    expect("the state", &task.status.state, &TaskState::InputRequired)?;
    expect("the question", said(task.status.message.as_ref()), "What else?")?;
    let task = task_of(client, asking("more", Some(&task))).await?;
    expect("the state", &task.status.state, &TaskState::InputRequired)?;
    client.send_message(&asking("we are done", Some(&task))).await?;
    let over = client.get_task(&getting(&task, None)).await?;
    let history = over.history.unwrap_or_default();
    let said: Vec<&str> =
        history.iter().filter(|message| message.role == Role::User).map(|one| said(Some(one))).collect();
    expect("what was said", said, vec!["tck-multi-turn", "more", "we are done"])
}
