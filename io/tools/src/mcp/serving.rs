//! The other way round: a box of ours is a server, for whoever started this program.

use crate::error::CallError;
use crate::toolbox::Toolbox;
use duologue_chat::{ToolCall, ToolSpec};
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, Implementation, ListToolsResult,
    PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::{QuitReason, RequestContext};
use rmcp::transport::stdio_pipes;
use rmcp::{ErrorData, RoleServer, ServerHandler, ServiceExt};
use serde_json::Value;

/// Why a box of tools is served to nobody.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Who started this program speaks something else, or went away before it said anything.
    #[error(
        "whoever started this program does not speak MCP over its standard input and output: {why}\n  help: an agent starts \
         it, whose file names it: `tools: [{{mcp: {{command: …}}}}]`"
    )]
    Speak {
        /// What went wrong.
        why: String,
    },
    /// A defect.
    #[error("the server of tools failed: {why}; this is a defect, please report it")]
    Defect {
        /// What went wrong.
        why: String,
    },
}

impl Toolbox {
    /// Serves what models may call to whoever started this program, as an MCP server over standard input and output. Returns once that
    /// one is gone. Nothing else of the program may write to its standard output.
    ///
    /// # Errors
    /// [`ServeError`].
    pub async fn serve(&self, name: &str) -> Result<(), ServeError> {
        let desk = Desk { toolbox: self.clone(), name: name.to_owned() };
        let speak = |error: rmcp::service::ServerInitializeError| ServeError::Speak { why: error.to_string() };
        let serving = desk.serve(stdio_pipes()).await.map_err(speak)?;
        match serving.waiting().await {
            Ok(QuitReason::JoinError(error)) | Err(error) => Err(ServeError::Defect { why: error.to_string() }),
            Ok(_) => Ok(()),
        }
    }
}

struct Desk {
    toolbox: Toolbox,
    name: String,
}

impl ServerHandler for Desk {
    fn get_info(&self) -> ServerConfig {
        let about = Implementation::new(self.name.clone(), env!("CARGO_PKG_VERSION"));
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build()).with_server_info(about)
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(self.toolbox.specs().into_iter().map(described).collect()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let call = ToolCall {
            id: context.id.to_string(),
            name: request.name.into_owned(),
            arguments: Value::Object(request.arguments.unwrap_or_default()),
        };
        tokio::select! {
            result = self.toolbox.try_call(&call) => answered(result).map(Into::into),
            // The call is dropped, and with it the function.
            () = context.ct.cancelled() => Err(ErrorData::internal_error("called off", None)),
        }
    }
}

fn described(spec: ToolSpec) -> Tool {
    let schema = match spec.parameters {
        Value::Object(schema) => schema,
        // No tool has another.
        _ => serde_json::Map::new(),
    };
    Tool::new(spec.name, spec.description, schema)
}

/// What went wrong is for the model, but for a name that does not exist: that is the client's mistake.
fn answered(result: Result<Value, CallError>) -> Result<CallToolResult, ErrorData> {
    match result {
        Ok(Value::String(text)) => Ok(CallToolResult::success(vec![ContentBlock::text(text)])),
        Ok(value @ Value::Object(_)) => Ok(CallToolResult::structured(value)),
        Ok(value) => Ok(CallToolResult::success(vec![ContentBlock::text(value.to_string())])),
        Err(error @ CallError::Unknown(_)) => Err(ErrorData::invalid_params(error.to_string(), None)),
        Err(error) => Ok(CallToolResult::error(vec![ContentBlock::text(error.to_string())])),
    }
}
