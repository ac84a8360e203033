//! `a2a-peers echo PORT`: the smallest agent on the SDK's server, JSON-RPC only. It answers with the message itself, and with
//! `TASK=1` in its environment with a task that is over.

use crate::serve::card;
use crate::{Trouble, listen};
use a2a::{A2AError, Message, Role, StreamResponse, Task, TaskState, TaskStatus, new_message_id};
use a2a_server::agent_card::agent_card_router;
use a2a_server::jsonrpc::jsonrpc_router;
use a2a_server::{AgentExecutor, DefaultRequestHandler, ExecutorContext, InMemoryTaskStore, StaticAgentCard};
use futures::StreamExt as _;
use futures::stream::{BoxStream, empty, iter};
use std::sync::Arc;

struct Echo {
    makes_tasks: bool,
}

impl Echo {
    fn answer(&self, context: ExecutorContext) -> Option<StreamResponse> {
        let message = context.message?;
        let answer = Message {
            message_id: new_message_id(),
            role: Role::Agent,
            context_id: Some(context.context_id.clone()),
            task_id: self.makes_tasks.then(|| context.task_id.clone()),
            ..message.clone()
        };
        if !self.makes_tasks {
            return Some(StreamResponse::Message(answer));
        }
        Some(StreamResponse::Task(Task {
            id: context.task_id,
            context_id: context.context_id,
            status: TaskStatus { state: TaskState::Completed, message: Some(answer), timestamp: None },
            artifacts: None,
            history: Some(vec![message]),
            metadata: None,
        }))
    }
}

impl AgentExecutor for Echo {
    fn execute(&self, context: ExecutorContext) -> BoxStream<'static, Result<StreamResponse, A2AError>> {
        iter(self.answer(context).map(Ok)).boxed()
    }

    fn cancel(&self, _: ExecutorContext) -> BoxStream<'static, Result<StreamResponse, A2AError>> {
        empty().boxed()
    }
}

pub async fn run(port: u16) -> Result<(), Trouble> {
    let echo = Echo { makes_tasks: std::env::var_os("TASK").is_some() };
    let card = card("Echo", &[("JSONRPC", format!("http://127.0.0.1:{port}/"))], false);
    let handler =
        DefaultRequestHandler::new(echo, InMemoryTaskStore::new()).with_capabilities(card.capabilities.clone());
    let routes = jsonrpc_router(Arc::new(handler)).merge(agent_card_router(Arc::new(StaticAgentCard::new(card))));
    Ok(axum::serve(listen(port).await?, routes).await?)
}
