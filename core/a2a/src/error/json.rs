//! Errors as JSON: `error` of JSON-RPC (§9.5), `google.rpc.Status` over HTTP (§11.6), and what peers of 0.3 write there.

use super::{A2aError, ErrorKind, Violation};
use crate::model::Struct;
use crate::version::Dialect;
use serde_json::{Value, json};

const ERROR_INFO: &str = "type.googleapis.com/google.rpc.ErrorInfo";
const BAD_REQUEST: &str = "type.googleapis.com/google.rpc.BadRequest";

impl A2aError {
    /// The member `error` of an answer of JSON-RPC.
    pub fn to_jsonrpc(&self) -> Value {
        json!({ "code": self.kind.jsonrpc_code(), "message": self.message, "data": self.details() })
    }

    /// The body of an answer over HTTP+JSON; its status is [`ErrorKind::http_status`].
    pub fn to_http(&self, dialect: Dialect) -> Value {
        let (kind, message, details) = (self.kind, &self.message, self.details());
        match dialect {
            Dialect::V1_0 => json!({ "error": {
                "code": kind.http_status(), "status": kind.grpc_code().as_str(), "message": message, "details": details,
            } }),
            // 0.3 leaves the form open. One SDK looks for the class, the other for the code.
            Dialect::V0_3 => json!({
                "type": kind.class(), "code": kind.jsonrpc_code(), "message": message, "data": details,
            }),
        }
    }

    /// What stands in `data` of JSON-RPC and in `details` over HTTP and gRPC, as JSON.
    pub fn details(&self) -> Value {
        let mut info = json!({ "@type": ERROR_INFO, "reason": self.kind.reason(), "domain": self.kind.domain() });
        if let (Some(info), false) = (info.as_object_mut(), self.metadata.is_empty()) {
            info.insert("metadata".into(), json!(self.metadata));
        }
        let mut all = vec![info];
        if !self.violations.is_empty() {
            let field = |one: &Violation| json!({ "field": one.field, "description": one.description });
            let fields: Vec<Value> = self.violations.iter().map(field).collect();
            all.push(json!({ "@type": BAD_REQUEST, "fieldViolations": fields }));
        }
        Value::Array(all)
    }

    /// Reads the member `error` of an answer of JSON-RPC, of either dialect.
    pub fn from_jsonrpc(error: &Value) -> A2aError {
        let code = error.get("code").and_then(Value::as_i64);
        let kind = code.and_then(ErrorKind::of_jsonrpc);
        A2aError::read(kind, ErrorKind::Internal, error.get("message"), error.get("data"))
    }

    /// Reads the body of an answer over HTTP that is no success, of either dialect, or of anything in between that speaks
    /// no A2A at all.
    pub fn from_http(status: u16, body: &[u8]) -> A2aError {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let error = body.get("error").filter(|error| error.is_object()).unwrap_or(&body);
        let class = error.get("type").and_then(Value::as_str).and_then(ErrorKind::of_class);
        let code = error.get("code").and_then(Value::as_i64).and_then(ErrorKind::of_jsonrpc);
        let details = error.get("details").or_else(|| error.get("data"));
        let mut read = A2aError::read(class.or(code), ErrorKind::of_http(status), error.get("message"), details);
        if read.message == read.kind.message() && error.get("message").is_none() {
            read.message = format!("{} (HTTP status {status})", read.message);
        }
        read
    }

    /// What a status of gRPC says, with those of its details that are known, as JSON.
    pub(crate) fn from_grpc(code: i32, message: &str, details: &Value) -> A2aError {
        A2aError::read(None, ErrorKind::of_grpc(code), Some(&Value::from(message)), Some(details))
    }

    /// What is known of the kind, what it is where nothing is known, and what was said.
    fn read(kind: Option<ErrorKind>, or: ErrorKind, message: Option<&Value>, details: Option<&Value>) -> A2aError {
        let details = details.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let of = |name: &str| {
            details.iter().filter_map(Value::as_object).find(|detail| detail.get("@type").is_some_and(|at| at == name))
        };
        let info = of(ERROR_INFO);
        let reason = info.and_then(|info| info.get("reason")).and_then(Value::as_str);
        let kind = reason.and_then(ErrorKind::of_reason).or(kind).unwrap_or(or);
        let message = message.and_then(Value::as_str).filter(|message| !message.is_empty());
        let mut error = A2aError::new(kind, message.unwrap_or(kind.message()));
        if let Some(metadata) = info.and_then(|info| info.get("metadata")).and_then(Value::as_object) {
            let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            error.metadata = metadata.iter().map(|(key, value)| (key.clone(), text(value))).collect();
        }
        if let Some(Value::Array(fields)) = of(BAD_REQUEST).and_then(|bad| bad.get("fieldViolations")) {
            error.violations = fields.iter().filter_map(Value::as_object).map(violation).collect();
        }
        error
    }
}

fn violation(field: &Struct) -> Violation {
    let text = |name: &str| field.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    Violation { field: text("field"), description: text("description") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full(kind: ErrorKind) -> A2aError {
        let violations = vec![Violation { field: "message.parts".into(), description: "is empty".into() }];
        A2aError { violations, ..A2aError::new(kind, "No.").with("taskId", "t-1") }
    }

    #[test]
    fn every_error_is_read_back_in_every_form() {
        for kind in ErrorKind::ALL.iter().copied() {
            let error = full(kind);
            assert_eq!(A2aError::from_jsonrpc(&error.to_jsonrpc()), error);
            for dialect in [Dialect::V1_0, Dialect::V0_3] {
                let mut body = error.to_http(dialect);
                assert_eq!(A2aError::from_http(kind.http_status(), body.to_string().as_bytes()), error);
                // Without details, what is left tells at least 0.3's classes and codes.
                if let (Dialect::V0_3, Some(body)) = (dialect, body.as_object_mut()) {
                    body.remove("data");
                    let read = A2aError::from_http(500, Value::Object(body.clone()).to_string().as_bytes());
                    assert_eq!(read.kind, kind);
                }
            }
        }
    }

    #[test]
    fn errors_are_those_of_the_specification() {
        assert_eq!(
            A2aError::task_not_found("t-1").to_http(Dialect::V1_0),
            json!({ "error": {
                "code": 404, "status": "NOT_FOUND", "message": "There is no such task, or it is not yours",
                "details": [{
                    "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "TASK_NOT_FOUND",
                    "domain": "a2a-protocol.org", "metadata": { "taskId": "t-1" },
                }],
            } })
        );
        let invalid = A2aError::invalid("message.parts", "At least one part is required").to_jsonrpc();
        assert_eq!(invalid["code"], -32602);
        assert_eq!(invalid["data"][1]["fieldViolations"][0]["field"], "message.parts");
        assert_eq!(ErrorKind::PushNotificationNotSupported.class(), "PushNotificationNotSupportedError");
        assert_eq!(ErrorKind::Internal.class(), "InternalError");
    }

    #[test]
    fn what_speaks_no_a2a_is_known_by_its_status() {
        for (status, body, kind) in [
            (502, "<html>Bad gateway</html>", ErrorKind::Unavailable),
            (401, "", ErrorKind::Unauthenticated),
            (404, "{\"error\":\"no\"}", ErrorKind::MethodNotFound),
            (404, "{\"error\":{\"code\":404,\"message\":\"no\",\"details\":[7,{}]}}", ErrorKind::MethodNotFound),
        ] {
            assert_eq!(A2aError::from_http(status, body.as_bytes()).kind, kind, "{body}");
        }
    }
}
