//! A server that is spoken with by streamable HTTP.

use super::child::MESSAGE_MAX;
use super::error::ConnectError;
use super::plan::HttpPlan;
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use std::time::Duration;

/// Connections that say nothing are asked whether they are there.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// The way to a server. Redirects are not followed: a token is for the address that was configured.
pub(super) fn transport(
    (server, plan): (&str, &HttpPlan),
    connect_within: Duration,
) -> Result<StreamableHttpClientTransport<reqwest::Client>, ConnectError> {
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(connect_within)
        .tcp_keepalive(KEEPALIVE)
        .user_agent(concat!("duologue/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| ConnectError::Start { server: server.to_owned(), why: error.to_string() })?;
    let mut config = StreamableHttpClientTransportConfig::with_uri(plan.url.as_str()).max_sse_event_size(MESSAGE_MAX);
    if let Some(token) = &plan.token {
        config = config.auth_header(token.expose().as_str());
    }
    Ok(StreamableHttpClientTransport::with_client(client, config))
}
