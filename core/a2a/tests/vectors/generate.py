"""Writes python/*.json: the same things in each form, by the serialisers of a2a-sdk. See README.md."""

import json
import pathlib

from a2a.compat.v0_3 import a2a_v0_3_pb2 as old_pb
from a2a.compat.v0_3 import conversions, proto_utils
from a2a.types import a2a_pb2 as pb
from a2a.utils.error_handlers import build_error_details, build_rest_error_payload
from a2a.utils.errors import InvalidParamsError, TaskNotFoundError, VersionNotSupportedError
from google.protobuf.json_format import MessageToDict, ParseDict

MESSAGE = {
    "messageId": "m-1",
    "contextId": "c-1",
    "taskId": "t-1",
    "role": "ROLE_USER",
    "parts": [
        {"text": "Grüße, \"world\"\n\U0001f600"},
        {"raw": "AAEC/+8=", "filename": "a.bin", "mediaType": "application/octet-stream"},
        {"url": "https://example.org/a?b=c", "filename": "a.png", "mediaType": "image/png"},
        {"data": {"n": 1.5, "deep": {"list": [True, None, "x"]}}, "metadata": {"schema": "urn:s"}},
        {"data": [2.5, "two"]},
    ],
    "metadata": {"trace": {"id": "7"}},
    "extensions": ["urn:ext:1"],
}
AGENT = {"messageId": "m-2", "contextId": "c-1", "taskId": "t-1", "role": "ROLE_AGENT", "parts": [{"text": "Which one?"}]}
ARTIFACT = {
    "artifactId": "a-1",
    "name": "summary",
    "description": "Short.",
    "parts": [{"text": "One."}],
    "metadata": {"k": "v"},
    "extensions": ["urn:ext:1"],
}
TASK = {
    "id": "t-1",
    "contextId": "c-1",
    "status": {"state": "TASK_STATE_INPUT_REQUIRED", "message": AGENT, "timestamp": "2026-01-31T12:00:00.250Z"},
    "artifacts": [ARTIFACT],
    "history": [MESSAGE],
    "metadata": {"k": {"x": "y"}},
}
STATUS = {
    "taskId": "t-1",
    "contextId": "c-1",
    "status": {"state": "TASK_STATE_CANCELED", "timestamp": "2026-01-31T12:00:01Z"},
    "metadata": {"k": "v"},
}
ARTIFACT_UPDATE = {"taskId": "t-1", "contextId": "c-1", "artifact": ARTIFACT, "append": True, "lastChunk": True}
PUSH = {
    "id": "p-1",
    "taskId": "t-1",
    "url": "https://hooks.example.org/a2a",
    "token": "tok",
    "authentication": {"scheme": "Bearer", "credentials": "cred"},
}
SEND = {
    "message": MESSAGE,
    "configuration": {
        "acceptedOutputModes": ["text/plain", "application/json"],
        "taskPushNotificationConfig": {k: v for k, v in PUSH.items() if k != "taskId"},
        "historyLength": 3,
        "returnImmediately": True,
    },
    "metadata": {"k": "v"},
}
FLOW = {"authorizationUrl": "https://a.example/auth", "tokenUrl": "https://a.example/token", "scopes": {"read": "Reads"}}
CARD = {
    "name": "Worker",
    "description": "Reads documents.",
    "supportedInterfaces": [
        {"url": "https://w.example/a2a", "protocolBinding": "JSONRPC", "protocolVersion": "0.3"},
        {"url": "https://w.example/rest", "protocolBinding": "HTTP+JSON", "protocolVersion": "0.3"},
    ],
    "provider": {"url": "https://example.org", "organization": "Example"},
    "version": "1.2.3",
    "documentationUrl": "https://w.example/docs",
    "capabilities": {
        "streaming": True,
        "pushNotifications": False,
        "extendedAgentCard": True,
        "extensions": [{"uri": "urn:ext:1", "description": "One.", "required": True, "params": {"k": "v"}}],
    },
    "securitySchemes": {
        "key": {"apiKeySecurityScheme": {"location": "header", "name": "X-Key", "description": "A key."}},
        "bearer": {"httpAuthSecurityScheme": {"scheme": "Bearer", "bearerFormat": "JWT"}},
        "oauth": {"oauth2SecurityScheme": {"flows": {"authorizationCode": FLOW}, "oauth2MetadataUrl": "https://a.example/m"}},
        "oidc": {"openIdConnectSecurityScheme": {"openIdConnectUrl": "https://a.example/.well-known/openid-configuration"}},
        "mtls": {"mtlsSecurityScheme": {"description": "Mutual TLS."}},
    },
    "securityRequirements": [{"schemes": {"mtls": {}}}, {"schemes": {"oauth": {"list": ["read"]}, "key": {}}}],
    "defaultInputModes": ["text/plain"],
    "defaultOutputModes": ["application/json"],
    "skills": [
        {
            "id": "analyze",
            "name": "Analyze",
            "description": "Counts words.",
            "tags": ["text"],
            "examples": ["Count this"],
            "inputModes": ["text/plain"],
            "outputModes": ["application/json"],
            "securityRequirements": [{"schemes": {"mtls": {}}}],
        }
    ],
    "iconUrl": "https://w.example/icon.png",
}

OUT = pathlib.Path(__file__).parent / "python"


def write(name, form, value):
    OUT.mkdir(exist_ok=True)
    (OUT / f"{name}.{form}.json").write_text(json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True) + "\n")


def dump(model):
    return model.model_dump(mode="json", by_alias=True, exclude_none=True)


def three(name, core, to_old, to_proto):
    write(name, "1.0", MessageToDict(core))
    old = to_old(core)
    write(name, "0.3", dump(old))
    write(name, "0.3-proto", MessageToDict(to_proto(old)))


def main():
    to = proto_utils.ToProto
    three("message", ParseDict(MESSAGE, pb.Message()), conversions.to_compat_message, to.message)
    three("task", ParseDict(TASK, pb.Task()), conversions.to_compat_task, to.task)
    status = ParseDict(STATUS, pb.TaskStatusUpdateEvent())
    old = conversions.to_compat_task_status_update_event(status)
    write("status-update", "1.0", MessageToDict(pb.StreamResponse(status_update=status)))
    write("status-update", "0.3", dump(old))
    write("status-update", "0.3-proto", MessageToDict(to.stream_response(old)))
    artifact = ParseDict(ARTIFACT_UPDATE, pb.TaskArtifactUpdateEvent())
    old = conversions.to_compat_task_artifact_update_event(artifact)
    write("artifact-update", "1.0", MessageToDict(pb.StreamResponse(artifact_update=artifact)))
    write("artifact-update", "0.3", dump(old))
    write("artifact-update", "0.3-proto", MessageToDict(to.stream_response(old)))
    push = ParseDict(PUSH, pb.TaskPushNotificationConfig())
    three("push", push, conversions.to_compat_task_push_notification_config, to.task_push_notification_config)
    send = ParseDict(SEND, pb.SendMessageRequest())
    old = conversions.to_compat_send_message_request(send, 1)
    write("send", "1.0", MessageToDict(send))
    write("send", "0.3", dump(old.params))
    proto = old_pb.SendMessageRequest(
        request=to.message(old.params.message),
        configuration=to.message_send_configuration(old.params.configuration),
        metadata=to.metadata(old.params.metadata),
    )
    write("send", "0.3-proto", MessageToDict(proto))
    three("card", ParseDict(CARD, pb.AgentCard()), conversions.to_compat_agent_card, to.agent_card)
    errors = [
        TaskNotFoundError("No such task", data={"taskId": "t-1"}),
        VersionNotSupportedError("Not that one"),
        InvalidParamsError("Bad", data={"errors": [{"field": "message.parts", "message": "is empty"}]}),
    ]
    write("errors", "rest", [build_rest_error_payload(error) for error in errors])
    write("errors", "details", [build_error_details(error) for error in errors])


main()
