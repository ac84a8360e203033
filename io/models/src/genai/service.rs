use crate::http::{Call, Connection, Fault, ServerConfig, Transport};
use crate::{ModelError, ModelErrorKind};
use duologue_chat::ChatRequest;
use genai::adapter::AdapterKind;
use genai::resolver::{AuthData, Endpoint};
use genai::{Client, Headers, ModelIden, ServiceTarget};
use reqwest::header::{HeaderMap, HeaderValue};
use serde_json::Value;

/// The version of the Messages API that is spoken; the API insists on one.
const ANTHROPIC_VERSION: &str = "2023-06-01";

/// Whose wire format a server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Api {
    Anthropic,
    Gemini,
}

/// One server: address, key, connections.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) api: Api,
    pub(super) transport: Transport,
    client: Client,
}

impl Service {
    pub(super) fn open(api: Api, config: ServerConfig) -> Result<Service, ModelError> {
        let mut headers = HeaderMap::new();
        if api == Api::Anthropic {
            headers.insert("anthropic-version", HeaderValue::from_static(ANTHROPIC_VERSION));
        }
        let transport = Transport::with_headers(config, headers)?;
        let client = Client::builder().with_reqwest(transport.client()).build().map_err(|_| ModelError {
            provider: transport.endpoint().name.clone(),
            kind: ModelErrorKind::Configuration,
            given_up: false,
            message: "the client can't be built".into(),
            help: "report this: no setting should lead here".into(),
        })?;
        Ok(Service { api, transport, client })
    }

    /// The call of a reply.
    pub(super) fn call(&self, model: &str) -> Call {
        match self.api {
            Api::Anthropic => "messages".into(),
            Api::Gemini => Call::new(format!("models/{}:streamGenerateContent", bare(model))).with("alt", "sse"),
        }
    }

    /// Begins a stream; nothing is sent before it is polled.
    pub(super) async fn begin(
        &self,
        model: &str,
        request: &ChatRequest,
        options: &genai::chat::ChatOptions,
    ) -> genai::Result<genai::chat::ChatStream> {
        let (kind, model) = match self.api {
            Api::Anthropic => (AdapterKind::Anthropic, model),
            Api::Gemini => (AdapterKind::Gemini, bare(model)),
        };
        let url = self.transport.endpoint().url(&self.call(model)).to_string();
        let target = ServiceTarget {
            // Not used: the address is overridden, so that it is built by the same rules as everywhere.
            endpoint: Endpoint::from_static("http://127.0.0.1:9/"),
            // The key is in the client's own headers, marked as sensitive.
            auth: AuthData::RequestOverride { url, headers: Headers::default() },
            model: ModelIden::new(kind, model),
        };
        let chat = super::request::chat(request);
        Ok(self.client.exec_chat_stream(target, chat, Some(options)).await?.stream)
    }

    pub(super) async fn connection_check(&self) -> Result<Connection, ModelError> {
        let (list, name) = match self.api {
            Api::Anthropic => ("data", "id"),
            Api::Gemini => ("models", "name"),
        };
        let names = |value: Value| {
            let items = value[list].as_array().ok_or_else(|| {
                Fault::Malformed(format!("the answer is none of the documented shape, but JSON without `{list}`"))
            })?;
            Ok(items.iter().filter_map(|m| m[name].as_str()).map(|name| bare(name).to_string()).collect())
        };
        Connection::check(self.transport.get_once("models"), names).await
    }
}

/// A Gemini model's name without the collection that the list puts before it.
fn bare(model: &str) -> &str {
    model.strip_prefix("models/").unwrap_or(model)
}
