//! Lists of tasks (specification 1.0.1 §3.1.4): the newest status first, and of one moment the greatest id first, since ids grow with time; a page token names the last
//! task of the page before, so that pages hold whatever comes in between.

use super::record::{Owner, TaskRecord};
use super::view::view;
use crate::error::A2aError;
use crate::model::{ListTasksRequest, ListTasksResponse, TaskState, Timestamp};
use crate::wire::bytes;
use std::cmp::Reverse;

/// Where a page ended: pages go on with tasks of an older status, or of the same moment and a lesser id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Moment of the last task's status.
    pub updated: Timestamp,
    /// Its id.
    pub task_id: String,
}

/// Tasks on a page, where the request does not say.
const USUAL: i32 = 50;

impl Cursor {
    /// The token for clients, who see nothing in it.
    pub fn token(&self) -> String {
        bytes::write_url(format!("{}.{}", self.updated.as_millis(), self.task_id).as_bytes())
    }

    /// Reads the token of a request; empty: the first page.
    ///
    /// # Errors
    /// [`InvalidParams`](crate::error::ErrorKind::InvalidParams), where it is none of ours.
    pub fn of(request: &ListTasksRequest) -> Result<Option<Cursor>, A2aError> {
        if request.page_token.is_empty() {
            return Ok(None);
        }
        let read = || {
            let text = String::from_utf8(bytes::read(&request.page_token)?).ok()?;
            let (millis, id) = text.split_once('.')?;
            let updated = Timestamp::from_millis(millis.parse().ok()?);
            Some(Cursor { updated, task_id: id.to_owned() })
        };
        read().map(Some).ok_or_else(|| A2aError::invalid("pageToken", "is none that this agent gave out"))
    }

    fn of_record(record: &TaskRecord) -> Cursor {
        Cursor { updated: record.updated(), task_id: record.task().id.clone() }
    }

    fn is_before(&self, record: &TaskRecord) -> bool {
        (self.updated, &self.task_id) > (record.updated(), &record.task().id)
    }
}

impl TaskRecord {
    /// Whether a list for `who` with these filters has it.
    pub fn is_listed(&self, who: &Owner, request: &ListTasksRequest) -> bool {
        self.is_visible_to(who)
            && (request.context_id.is_empty() || request.context_id == self.task().context_id)
            && (request.status == TaskState::Unspecified || request.status == self.state())
            && request.status_timestamp_after.is_none_or(|after| self.updated() >= after)
    }
}

/// A page out of all records, in whatever order they come. A store that can filter and order by itself does so by
/// [`TaskRecord::is_listed`]'s rules and [`Cursor`].
///
/// # Errors
/// [`InvalidParams`](crate::error::ErrorKind::InvalidParams) for a page token that is none.
pub fn page<'a>(
    records: impl Iterator<Item = &'a TaskRecord>,
    who: &Owner,
    request: &ListTasksRequest,
) -> Result<ListTasksResponse, A2aError> {
    let cursor = Cursor::of(request)?;
    let mut listed: Vec<&TaskRecord> = records.filter(|record| record.is_listed(who, request)).collect();
    listed.sort_by_key(|record| Reverse((record.updated(), &record.task().id)));
    let total_size = i32::try_from(listed.len()).unwrap_or(i32::MAX);
    let page_size = request.page_size.unwrap_or(USUAL);
    let most = usize::try_from(page_size).unwrap_or(0);
    let mut rest = listed.into_iter().filter(|record| cursor.as_ref().is_none_or(|cursor| cursor.is_before(record)));
    let on_page: Vec<&TaskRecord> = rest.by_ref().take(most).collect();
    let next = rest.next().and(on_page.last()).map(|last| Cursor::of_record(last).token());
    let with_artifacts = request.include_artifacts.unwrap_or_default();
    Ok(ListTasksResponse {
        tasks: on_page.iter().map(|record| view(record.task(), request.history_length, with_artifacts)).collect(),
        next_page_token: next.unwrap_or_default(),
        page_size,
        total_size,
    })
}
