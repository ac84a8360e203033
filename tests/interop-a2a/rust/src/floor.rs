//! `a2a-peers axum PORT`: no SDK and no checks, one handler that reads the call as any JSON and says the same. What an agent over
//! JSON-RPC costs at least with this HTTP server.

use crate::{Trouble, listen};
use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::post;
use serde_json::{Value, json};

async fn echo(body: Bytes) -> Result<impl IntoResponse, StatusCode> {
    let mut call: Value = serde_json::from_slice(&body).map_err(|_| StatusCode::BAD_REQUEST)?;
    let parts = call.pointer_mut("/params/message/parts").ok_or(StatusCode::BAD_REQUEST)?.take();
    let message = json!({ "messageId": a2a::new_message_id(), "role": "ROLE_AGENT", "parts": parts });
    let answer = json!({ "jsonrpc": "2.0", "id": call["id"].take(), "result": { "message": message } });
    Ok(([(CONTENT_TYPE, "application/json")], answer.to_string()))
}

pub async fn run(port: u16) -> Result<(), Trouble> {
    Ok(axum::serve(listen(port).await?, Router::new().route("/", post(echo))).await?)
}
