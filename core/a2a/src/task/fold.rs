use crate::model::{Artifact, StreamResponse, Task, TaskArtifactUpdateEvent, TaskStatusUpdateEvent};

/// What an event of its stream makes of a task: for those who keep a copy, and for the one who makes the events. A message of
/// the agent becomes history once the next status takes its place. Events of another kind change nothing.
pub fn fold(task: &mut Task, event: &StreamResponse) {
    match event {
        StreamResponse::Task(whole) => task.clone_from(whole),
        StreamResponse::StatusUpdate(update) => fold_status(task, update),
        StreamResponse::ArtifactUpdate(update) => fold_artifact(task, update),
        StreamResponse::Message(_) => {}
    }
}

fn fold_status(task: &mut Task, update: &TaskStatusUpdateEvent) {
    let before = std::mem::replace(&mut task.status, update.status.clone());
    task.history.extend(before.message);
}

fn fold_artifact(task: &mut Task, update: &TaskArtifactUpdateEvent) {
    let present = task.artifacts.iter_mut().find(|artifact| artifact.artifact_id == update.artifact.artifact_id);
    match present {
        Some(present) if update.append => extend(present, &update.artifact),
        Some(present) => present.clone_from(&update.artifact),
        None => task.artifacts.push(update.artifact.clone()),
    }
}

fn extend(present: &mut Artifact, more: &Artifact) {
    present.parts.extend_from_slice(&more.parts);
    for (name, new) in [(&mut present.name, &more.name), (&mut present.description, &more.description)] {
        if !new.is_empty() {
            name.clone_from(new);
        }
    }
    if let Some(metadata) = &more.metadata {
        present.metadata.get_or_insert_default().extend(metadata.clone());
    }
    for uri in &more.extensions {
        if !present.extensions.contains(uri) {
            present.extensions.push(uri.clone());
        }
    }
}
