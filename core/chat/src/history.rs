use crate::{ToolCall, ToolOutcome};
use serde::{Deserialize, Serialize};

/// Who said a message, from the point of view of the party whose history it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The other party.
    User,
    /// This party.
    Assistant,
}

/// One entry of a history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Item {
    /// Something was said.
    Message {
        /// By whom.
        role: Role,
        /// The words: of the other party as recognised, of this party as far as the other heard them.
        text: String,
        /// This party was interrupted and `text` stops where its voice did.
        interrupted: bool,
    },
    /// The model called a tool.
    ToolCall(ToolCall),
    /// The tool answered.
    ToolResult {
        /// [`ToolCall::id`].
        id: String,
        /// Its answer.
        outcome: ToolOutcome,
    },
}

/// A conversation as one party knows it, in order.
///
/// The invariant that matters: it holds only what was really heard. A reply enters when its playback begins, grows
/// with it, and stops where it was cut off.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    items: Vec<Item>,
}

impl History {
    /// All entries, oldest first.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// Appends an entry.
    pub fn push(&mut self, item: Item) {
        self.items.push(item);
    }

    /// Appends what the other party said; directly after an earlier message of theirs it continues that one, since
    /// models answer badly to two user messages in a row.
    pub fn push_user(&mut self, said: &str) {
        if let Some(Item::Message { role: Role::User, text, .. }) = self.items.last_mut() {
            text.push(' ');
            text.push_str(said);
        } else {
            self.push(Item::Message { role: Role::User, text: said.to_string(), interrupted: false });
        }
    }

    /// Puts what the other party said where it was said, if its words came only after later entries. Returns whether this
    /// made a new entry; directly beside other words of theirs it continues those.
    pub fn insert_user(&mut self, at: usize, said: &str) -> bool {
        let at = at.min(self.items.len());
        if let Some(Item::Message { role: Role::User, text, .. }) =
            at.checked_sub(1).and_then(|i| self.items.get_mut(i))
        {
            text.push(' ');
            text.push_str(said);
            return false;
        }
        self.items.insert(at, Item::Message { role: Role::User, text: said.to_string(), interrupted: false });
        true
    }

    /// Appends what this party said, as far as it was heard; nothing where nothing was.
    pub fn push_assistant(&mut self, heard: &str, interrupted: bool) {
        if !heard.trim().is_empty() {
            self.push(Item::Message { role: Role::Assistant, text: heard.trim().to_string(), interrupted });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_user_messages_in_a_row_become_one() {
        let mut h = History::default();
        h.push_user("My order");
        h.push_user("has not arrived.");
        h.push_assistant("  ", true);
        h.push_user("Hello?");
        assert_eq!(h.items().len(), 1);
        assert!(matches!(&h.items()[0], Item::Message { text, .. } if text == "My order has not arrived. Hello?"));
    }

    #[test]
    fn words_that_come_late_stand_where_they_were_said() {
        let mut h = History::default();
        h.push_assistant("Hello.", false);
        h.push_assistant("A technician will come.", false);
        assert!(h.insert_user(1, "My internet"));
        assert!(!h.insert_user(2, "is down."), "it continues the words before");
        let texts = h.items().iter().map(|i| if let Item::Message { text, .. } = i { text.as_str() } else { "" });
        assert_eq!(texts.collect::<Vec<_>>(), ["Hello.", "My internet is down.", "A technician will come."]);
        assert!(h.insert_user(99, "Thanks."));
    }
}
