use super::{CastScenario, Patience, Persona, Side};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Longest line that a model is asked for, in words.
const WORDS_PER_LINE: u32 = 20;

impl CastScenario {
    /// The system text of a side: [`Self::course_instructions`] where the scenario has a course, else
    /// [`Self::free_instructions`].
    pub fn instructions(&self, side: Side) -> String {
        if self.has_course() { self.course_instructions(side) } else { self.free_instructions(side) }
    }

    /// The system text of a side that follows the course: who it is and how it speaks, in at most about ninety words,
    /// because a small model reads it again and again. What it says comes from the hints.
    pub fn course_instructions(&self, side: Side) -> String {
        let (me, other) = (self.persona(side), self.persona(side.other()));
        let mut text = format!("You write the lines of {}, {}", me.name, self.role(side));
        let _ = match side {
            Side::Support => write!(text, ", talking on the phone to the customer {}.", other.name),
            Side::Customer => write!(text, ", talking on the phone to {}, {}.", other.name, self.role(side.other())),
        };
        if let Some(mood) = &me.mood {
            let _ = write!(text, " {} is {mood}.", me.name);
        }
        let _ = write!(text, " {} speaks {}.", me.name, me.way_of_speaking);
        let _ = write!(
            text,
            " Write one spoken line of at most {WORDS_PER_LINE} words. No lists. Never write a line for {}.",
            other.name
        );
        text
    }

    /// The system text of a side that runs free: all that it is, wants and knows, and how a phone call goes.
    pub fn free_instructions(&self, side: Side) -> String {
        let (me, other) = (self.persona(side), self.persona(side.other()));
        let agent = self.agent(side);
        let mut text = format!("You are {}, {}. {}", me.name, self.role(side), me.background.trim());
        paragraph(&mut text, &manner(me));
        let goals = [agent.instructions.as_deref(), me.goal_on(side)];
        for goal in goals.into_iter().flatten() {
            paragraph(&mut text, goal.trim());
        }
        let mut known = BTreeMap::new();
        for facts in [&me.facts, &self.scenario().facts, &agent.facts] {
            known.extend(facts.iter());
        }
        if !known.is_empty() {
            let facts: Vec<String> = known.iter().map(|(k, v)| format!("{} is {v}", k.replace('_', " "))).collect();
            paragraph(&mut text, &format!("What you know: {}.", facts.join("; ")));
        }
        let task = match side {
            Side::Support => format!(
                "You are on the phone with the customer {}. Find out what is wrong, use your tools instead of guessing, \
                 and solve it.",
                other.name
            ),
            Side::Customer => format!(
                "You called and are on the phone with {}, {}. Tell what you know when you are asked, and do not make \
                 anything up.",
                other.name,
                self.role(side.other())
            ),
        };
        paragraph(&mut text, &task);
        paragraph(
            &mut text,
            &format!(
                "This is speech: one line of at most {WORDS_PER_LINE} words a turn, no lists, no stage directions. Never \
                 speak for {}. When everything is settled, say goodbye and call end_call.",
                other.name
            ),
        );
        text
    }

    /// "a friendly phone support agent at Northwind Internet", "a customer".
    fn role(&self, side: Side) -> String {
        let role = self.persona(side).role_on(side).unwrap_or(match side {
            Side::Support => "phone support agent",
            Side::Customer => "customer",
        });
        let article = if role.starts_with(['a', 'e', 'i', 'o', 'u', 'A', 'E', 'I', 'O', 'U']) { "an" } else { "a" };
        match &self.agent(side).employer {
            Some(employer) => format!("{article} {role} at {employer}"),
            None => format!("{article} {role}"),
        }
    }
}

fn manner(me: &Persona) -> String {
    let patience = match me.patience {
        Patience::Low => "You lose patience soon.",
        Patience::Normal => "You are as patient as most people.",
        Patience::High => "You stay patient whatever comes.",
    };
    match &me.mood {
        Some(mood) => format!("You are {mood} and speak {}. {patience}", me.way_of_speaking),
        None => format!("You speak {}. {patience}", me.way_of_speaking),
    }
}

fn paragraph(text: &mut String, more: &str) {
    text.push('\n');
    text.push_str(more);
}
