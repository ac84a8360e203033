use crate::model::Task;

/// A task as a caller asked for it: with at most so many of its newest messages (none: all; specification 1.0.1 §3.2.4), and
/// with its artifacts or without.
pub fn view(task: &Task, history_length: Option<i32>, with_artifacts: bool) -> Task {
    let most = history_length.map_or(usize::MAX, |length| usize::try_from(length).unwrap_or(0));
    let from = task.history.len().saturating_sub(most);
    Task {
        id: task.id.clone(),
        context_id: task.context_id.clone(),
        status: task.status.clone(),
        artifacts: if with_artifacts { task.artifacts.clone() } else { Vec::new() },
        history: task.history.get(from..).unwrap_or_default().to_vec(),
        metadata: task.metadata.clone(),
    }
}
