use super::PROVIDER;
use super::dialogue::{Dialogue, Line, Speaker};
use crate::{ChatStream, Llm, ModelError, ModelErrorKind};
use async_trait::async_trait;
use duologue_chat::{ChatDelta, ChatRequest, Finish, Item, Role, ToolCall};
use futures::{StreamExt, stream};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// A "language model" that says one party's lines of a [`Dialogue`], word by word.
///
/// Which line is next follows from the history alone: a line is over once its words stand there as a message of this
/// party, interrupted or not, or its tool call does. So a reply that was asked for ahead of time and thrown away
/// costs no line, and neither does one of which nothing was heard. After a line with a tool call the next line of the
/// same party is what it says to the result.
///
/// When the file has no more lines, a reply has no text and finishes with [`Finish::Stop`].
#[derive(Clone, Debug)]
pub struct ScriptedLlm {
    dialogue: Arc<Dialogue>,
    speaker: Speaker,
}

impl ScriptedLlm {
    /// Speaks for `speaker`.
    pub fn new(dialogue: Arc<Dialogue>, speaker: Speaker) -> ScriptedLlm {
        ScriptedLlm { dialogue, speaker }
    }

    /// What it is, for reports.
    pub fn describe(&self) -> String {
        let count = self.dialogue.of(self.speaker).count();
        format!("{PROVIDER}: {count} lines of {} from a dialogue file, no model", self.speaker)
    }

    /// A call of a tool that the agent does not have would be dropped, and the agent seem to have nothing to say.
    fn check_tool(&self, line: &Line, request: &ChatRequest) -> Result<(), ModelError> {
        let Some(call) = &line.tool_call else { return Ok(()) };
        let known: Vec<&str> = request.tools.iter().map(|tool| tool.name.as_str()).collect();
        if known.contains(&call.name.as_str()) {
            return Ok(());
        }
        let at = if line.at > 0 { format!("line {} of the dialogue", line.at) } else { "the dialogue".to_owned() };
        let there = if known.is_empty() { "it has none".to_owned() } else { format!("it has {}", known.join(", ")) };
        Err(ModelError {
            provider: PROVIDER.to_owned(),
            kind: ModelErrorKind::Configuration,
            given_up: false,
            message: format!(
                "{at} calls the tool `{}`, which the scenario does not give the {}",
                call.name, self.speaker
            ),
            help: format!("{there}; correct the name in the dialogue, or add the tool to the scenario"),
        })
    }

    /// The line that follows a history, and its place among this party's lines.
    fn next_line(&self, history: &[Item]) -> Option<(usize, &Line)> {
        let count = |wanted: fn(&Item) -> bool| history.iter().filter(|i| wanted(i)).count();
        let mut said = count(|i| matches!(i, Item::Message { role: Role::Assistant, .. }));
        let mut called = count(|i| matches!(i, Item::ToolCall(_)));
        self.dialogue.of(self.speaker).enumerate().find(|(_, line)| {
            let was_said = !line.say.trim().is_empty() && take_one(&mut said);
            let was_called = line.tool_call.is_some() && take_one(&mut called);
            !was_said && !was_called
        })
    }
}

/// Takes one from a count, where there is one.
fn take_one(count: &mut usize) -> bool {
    let some = *count > 0;
    *count -= usize::from(some);
    some
}

#[async_trait]
impl Llm for ScriptedLlm {
    async fn chat(&self, request: ChatRequest) -> Result<ChatStream, ModelError> {
        let next = self.next_line(&request.items);
        if let Some((_, line)) = next {
            self.check_tool(line, &request)?;
        }
        let latency = Duration::from_millis(next.map_or(0, |(_, line)| line.latency_ms));
        let deltas = deltas(next);
        let pause = async move {
            if !latency.is_zero() {
                tokio::time::sleep(latency).await;
            }
            stream::iter(deltas.into_iter().map(Ok))
        };
        Ok(stream::once(pause).flatten().boxed())
    }
}

fn deltas(next: Option<(usize, &Line)>) -> Vec<ChatDelta> {
    let Some((place, line)) = next else { return vec![ChatDelta::Done { finish: Finish::Stop, usage: None }] };
    let words = line.say.trim().split_inclusive(char::is_whitespace).map(|w| ChatDelta::Text(w.to_string()));
    let call = line.tool_call.as_ref().map(|c| {
        let (name, arguments) = (c.name.clone(), Value::Object(c.arguments.clone()));
        ChatDelta::ToolCall(ToolCall { id: format!("{PROVIDER}-{place}"), name, arguments })
    });
    let finish = if call.is_some() { Finish::ToolCalls } else { Finish::Stop };
    words.chain(call).chain([ChatDelta::Done { finish, usage: None }]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use duologue_chat::{ToolOutcome, ToolSpec};
    use futures::FutureExt;
    use serde_json::json;

    const DIALOGUE: &str = "
- {speaker: support, say: 'Hello, this is Joe.'}
- {speaker: customer, say: Where is my parcel?, latency_ms: 20}
- {speaker: support, say: 'One moment.', tool_call: {name: look_up, arguments: {order: 7}}}
- {speaker: support, say: 'It comes tomorrow.'}
- {speaker: support, tool_call: {name: end_call}}
";

    fn support() -> ScriptedLlm {
        ScriptedLlm::new(Arc::new(DIALOGUE.parse().expect("valid")), Speaker::Support)
    }

    fn request(items: &[Item]) -> ChatRequest {
        ChatRequest {
            instructions: "".into(),
            speaker: "Joe".into(),
            listener: "Anna".into(),
            items: items.to_vec(),
            tools: ["look_up", "end_call"].map(tool).into(),
            hint: None,
            temperature: None,
            seed: 1,
            max_tokens: 50,
        }
    }

    fn tool(name: &str) -> ToolSpec {
        ToolSpec {
            name: name.into(),
            description: String::new(),
            parameters: json!({}),
            timeout: Duration::from_secs(1),
        }
    }

    async fn ask(llm: &ScriptedLlm, items: &[Item]) -> Vec<ChatDelta> {
        let stream = llm.chat(request(items)).await.expect("a script never fails");
        stream.map(|d| d.expect("a script never fails")).collect().await
    }

    fn text(deltas: &[ChatDelta]) -> String {
        deltas.iter().filter_map(|d| if let ChatDelta::Text(t) = d { Some(t.as_str()) } else { None }).collect()
    }

    fn said(role: Role, text: &str, interrupted: bool) -> Item {
        Item::Message { role, text: text.into(), interrupted }
    }

    #[tokio::test]
    async fn lines_come_word_by_word_and_the_same_until_they_were_heard() {
        let llm = support();
        let first = ask(&llm, &[]).await;
        assert_eq!(first[0], ChatDelta::Text("Hello, ".into()));
        assert_eq!(text(&first), "Hello, this is Joe.");
        assert_eq!(first.last(), Some(&ChatDelta::Done { finish: Finish::Stop, usage: None }));
        assert_eq!(ask(&llm, &[]).await, first, "asked ahead and thrown away");
        assert_eq!(ask(&llm, &[said(Role::User, "Hello?", false)]).await, first, "nothing was heard of it");
        let cut = [said(Role::Assistant, "Hello,", true), said(Role::User, "Where is my parcel?", false)];
        assert_eq!(text(&ask(&llm, &cut).await), "One moment.");
    }

    #[tokio::test]
    async fn a_whole_call_runs_through_its_tools_to_the_end() {
        let llm = support();
        let mut history: Vec<Item> = vec![];
        let mut lines = vec![];
        for _ in 0..6 {
            let deltas = ask(&llm, &history).await;
            lines.push(text(&deltas));
            if !text(&deltas).is_empty() {
                history.push(said(Role::Assistant, &text(&deltas), false));
            }
            for call in deltas.into_iter().filter_map(|d| if let ChatDelta::ToolCall(c) = d { Some(c) } else { None }) {
                lines.push(format!("[{} {} {}]", call.id, call.name, call.arguments));
                let id = call.id.clone();
                history.extend([Item::ToolCall(call), Item::ToolResult { id, outcome: ToolOutcome::Ok(json!(1)) }]);
            }
        }
        let expected = [
            "Hello, this is Joe.",
            "One moment.",
            r#"[scripted-1 look_up {"order":7}]"#,
            "It comes tomorrow.",
            "",
            "[scripted-3 end_call {}]",
            "",
            "",
        ];
        assert_eq!(lines, expected);
    }

    #[tokio::test]
    async fn a_call_whose_words_were_not_heard_yet_is_not_made_twice() {
        let history = [
            said(Role::Assistant, "Hello, this is Joe.", false),
            Item::ToolCall(ToolCall {
                id: "scripted-1".into(),
                name: "look_up".into(),
                arguments: json!({"order": 7}),
            }),
        ];
        assert_eq!(text(&ask(&support(), &history).await), "It comes tomorrow.");
    }

    #[tokio::test]
    async fn the_other_party_has_its_own_lines_and_latency() {
        let customer = ScriptedLlm::new(support().dialogue, Speaker::Customer);
        let heard = [said(Role::User, "Hello, this is Joe.", false)];
        let mut stream = customer.chat(request(&heard)).await.expect("a script never fails");
        assert!(stream.next().now_or_never().is_none(), "it thinks first");
        assert_eq!(stream.next().await.expect("a word").expect("good"), ChatDelta::Text("Where ".into()));
    }

    #[tokio::test]
    async fn a_tool_that_nobody_has_is_told_with_its_line() {
        let history = [said(Role::Assistant, "Hello, this is Joe.", false), said(Role::User, "Where is it?", false)];
        let request = ChatRequest { tools: ["end_call"].map(tool).into(), ..request(&history) };
        let error = support().chat(request).await.err().expect("there is no such tool").to_string();
        assert!(error.contains("line 4 of the dialogue calls the tool `look_up`"), "{error}");
        assert!(error.contains("it has end_call"), "{error}");
    }
}
