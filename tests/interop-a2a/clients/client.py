"""Does with our agent what clients do, by means of a2a-sdk: `client.py URL BINDING VERSION`, a line of JSON for each thing, with what
went wrong. The agent is the one of `make conformance-agent`, which does what a message's first words say."""

import asyncio
import json
import sys
import traceback
import uuid

import grpc
import httpx
import jwt
from a2a.client import A2ACardResolver, ClientConfig, ClientFactory
from a2a.compat.v0_3 import types as old
from a2a.types import (
    AgentInterface, AuthenticationInfo, CancelTaskRequest, DeleteTaskPushNotificationConfigRequest, GetExtendedAgentCardRequest,
    GetTaskPushNotificationConfigRequest, GetTaskRequest, ListTaskPushNotificationConfigsRequest, ListTasksRequest, Message, Part,
    Role, SendMessageConfiguration, SendMessageRequest, StreamResponse, SubscribeToTaskRequest, Task, TaskPushNotificationConfig,
    TaskState,
)
from a2a.utils.errors import InvalidParamsError, TaskNotCancelableError, TaskNotFoundError, UnsupportedOperationError
from a2a.utils.signing import SignatureVerificationError, create_signature_verifier
from google.protobuf.json_format import MessageToDict, ParseDict


class Skipped(Exception):
    """Something that the SDK cannot do."""


def expect(what, found, wanted):
    assert found == wanted, f"{what} is {found!r} instead of {wanted!r}"


def asking(text, task=None, **configuration):
    message = Message(message_id=str(uuid.uuid4()), role=Role.ROLE_USER, parts=[Part(text=text)])
    if task is not None:
        message.task_id, message.context_id = task.id, task.context_id
    return SendMessageRequest(message=message, configuration=SendMessageConfiguration(**configuration))


def numbers(count):
    return [str(number) for number in range(1, count + 1)]


class Told:
    """What the events of a stream add up to."""

    def __init__(self):
        self.task, self.pieces, self.state, self.first = None, [], None, None

    def hear(self, event):
        kind = event.WhichOneof("payload")
        self.first = self.first or kind
        if kind == "task":
            self.task, self.state = event.task, event.task.status.state
            self.pieces = [part.text for artifact in event.task.artifacts for part in artifact.parts]
        elif kind == "status_update":
            self.state = event.status_update.status.state
        elif kind == "artifact_update":
            if not event.artifact_update.append:
                self.pieces = []
            self.pieces += [part.text for part in event.artifact_update.artifact.parts]

    async def drain(self, events):
        async for event in events:
            self.hear(event)
        return self


class Receiver:
    """A webhook on this machine: what was posted to it, by path."""

    async def __aenter__(self):
        self.posts = asyncio.Queue()
        self.server = await asyncio.start_server(self.answer, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}/hook"
        return self

    async def __aexit__(self, *_):
        self.server.close()

    async def answer(self, reader, writer):
        headers = {}
        for line in (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()[1:]:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        body = await reader.readexactly(int(headers["content-length"]))
        self.posts.put_nowait((headers, json.loads(body)))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        await writer.drain()
        writer.close()


class Checks:
    """One check for each method whose name does not begin with `_`, in this order."""

    def __init__(self, url, binding, version):
        self._url, self._binding, self._version = url, binding, version

    async def _connect(self):
        self._http = httpx.AsyncClient(timeout=30)
        self._card = await A2ACardResolver(self._http, self._url).get_agent_card()
        wanted = [
            at for at in self._card.supported_interfaces
            if (at.protocol_binding, at.protocol_version) == (self._binding, self._version)
        ]
        assert wanted, f"the card has no interface of {self._binding} {self._version}"
        # Left to itself the SDK takes 1.0 wherever it is offered.
        del self._card.supported_interfaces[:]
        self._card.supported_interfaces.extend(wanted)

        def made(streaming):
            config = ClientConfig(
                streaming=streaming, supported_protocol_bindings=[self._binding], httpx_client=httpx.AsyncClient(timeout=30),
                grpc_channel_factory=grpc.aio.insecure_channel,
            )
            return ClientFactory(config).create(self._card)

        self._client, self._streaming = made(False), made(True)

    async def _send(self, request):
        answers = [answer async for answer in self._client.send_message(request)]
        expect("the number of answers", len(answers), 1)
        return answers[0]

    async def _task(self, request):
        answer = await self._send(request)
        expect("the answer", answer.WhichOneof("payload"), "task")
        return answer.task

    async def _refused(self, call, kind):
        try:
            answer = await call
        except kind:
            return
        except Exception as error:
            raise AssertionError(f"{error!r} came instead of {kind.__name__}") from error
        raise AssertionError(f"{answer!r} came instead of {kind.__name__}")

    async def card(self):
        expect("the name", self._card.name, "Conformance agent")
        expect("streaming", self._card.capabilities.streaming, True)
        expect("push", self._card.capabilities.push_notifications, True)

    async def signature(self):
        keys = jwt.PyJWKSet.from_dict((await self._http.get(f"{self._url}/.well-known/jwks.json")).json())
        verify = create_signature_verifier(lambda kid, _: keys[kid], ["EdDSA"])
        card = await A2ACardResolver(self._http, self._url).get_agent_card(signature_verifier=verify)
        card.description += "!"
        try:
            verify(card)
        except SignatureVerificationError:
            return
        raise AssertionError("a card that was changed passes too")

    async def message(self):
        answer = await self._send(asking("tck-message-response"))
        expect("the answer", answer.WhichOneof("payload"), "message")
        expect("its text", answer.message.parts[0].text, "Direct message response")
        expect("its role", answer.message.role, Role.ROLE_AGENT)

    async def task(self):
        task = await self._task(asking("hello"))
        expect("the state", task.status.state, TaskState.TASK_STATE_COMPLETED)
        expect("the status", task.status.message.parts[0].text, "Hello from TCK")
        assert task.status.HasField("timestamp"), "the status has no time"

    async def artifact_text(self):
        task = await self._task(asking("tck-artifact-text"))
        expect("the text", task.artifacts[0].parts[0].text, "Generated text content")

    async def artifact_file(self):
        if (self._binding, self._version) == ("HTTP+JSON", "0.3"):
            raise Skipped("the SDK takes a file's bytes for base64 twice over, which @a2a-js/sdk and the definition do not")
        part = (await self._task(asking("tck-artifact-file"))).artifacts[0].parts[0]
        expect("the file", (part.raw, part.filename, part.media_type), (b"Generated file content", "output.txt", "text/plain"))

    async def artifact_url(self):
        part = (await self._task(asking("tck-artifact-file-url"))).artifacts[0].parts[0]
        wanted = ("https://example.com/output.txt", "output.txt", "text/plain")
        expect("the file", (part.url, part.filename, part.media_type), wanted)

    async def artifact_data(self):
        part = (await self._task(asking("tck-artifact-data"))).artifacts[0].parts[0]
        expect("the data", MessageToDict(part)["data"], {"key": "value", "count": 42.0})

    async def failure(self):
        task = await self._task(asking("tck-task-failure"))
        expect("the state", task.status.state, TaskState.TASK_STATE_FAILED)

    async def stream(self):
        told = await Told().drain(self._streaming.send_message(asking("duologue-count 20 5")))
        expect("the first event", told.first, "task")
        expect("the pieces", told.pieces, numbers(20))
        expect("the state", told.state, TaskState.TASK_STATE_COMPLETED)

    async def stream_message(self):
        told = await Told().drain(self._streaming.send_message(asking("tck-message-response")))
        expect("the first event", told.first, "message")

    async def get(self):
        task = await self._task(asking("tck-artifact-text"))
        again = await self._client.get_task(GetTaskRequest(id=task.id))
        expect("the task", (again.id, again.context_id), (task.id, task.context_id))
        expect("the artifact", again.artifacts[0].parts[0].text, "Generated text content")
        expect("the history's first", again.history[0].parts[0].text, "tck-artifact-text")
        if self._version == "1.0":
            none = await self._client.get_task(GetTaskRequest(id=task.id, history_length=0))
            expect("the history", list(none.history), [])

    async def list(self):
        made = [await self._task(asking("tck-artifact-text"))]
        for _ in range(2):
            request = asking("tck-artifact-text")
            request.message.context_id = made[0].context_id
            made.append(await self._task(request))
        request = ListTasksRequest(context_id=made[0].context_id, page_size=2, include_artifacts=True)
        try:
            page = await self._client.list_tasks(request)
        except NotImplementedError as error:
            raise Skipped(f"0.3 has no list: {error}") from error
        expect("the sizes", (page.total_size, len(page.tasks)), (3, 2))
        request.page_token = page.next_page_token
        rest = await self._client.list_tasks(request)
        found = [*page.tasks, *rest.tasks]
        expect("the tasks", sorted(task.id for task in found), sorted(task.id for task in made))
        times = [task.status.timestamp.ToNanoseconds() for task in found]
        expect("the times", times, sorted(times, reverse=True))
        expect("the artifact", page.tasks[0].artifacts[0].parts[0].text, "Generated text content")
        expect("the next page", rest.next_page_token, "")

    async def cancel(self):
        task = await self._task(asking("tck-cancel", return_immediately=True))
        ended = await self._client.cancel_task(CancelTaskRequest(id=task.id))
        expect("the state", ended.status.state, TaskState.TASK_STATE_CANCELED)

    async def subscribe(self):
        task = await self._task(asking("duologue-count 40 50", return_immediately=True))
        told = await Told().drain(self._streaming.subscribe(SubscribeToTaskRequest(id=task.id)))
        expect("the first event", told.first, "task")
        expect("the pieces", told.pieces, numbers(40))
        expect("the state", told.state, TaskState.TASK_STATE_COMPLETED)

    async def subscribe_to_what_is_over(self):
        task = await self._task(asking("hello"))

        async def drained():
            return await Told().drain(self._streaming.subscribe(SubscribeToTaskRequest(id=task.id)))

        await self._refused(drained(), UnsupportedOperationError)

    async def question(self):
        task = await self._task(asking("tck-multi-turn"))
        expect("the state", task.status.state, TaskState.TASK_STATE_INPUT_REQUIRED)
        expect("the question", task.status.message.parts[0].text, "What else?")
        task = await self._task(asking("more", task))
        expect("the state", task.status.state, TaskState.TASK_STATE_INPUT_REQUIRED)
        await self._send(asking("we are done", task))
        over = await self._client.get_task(GetTaskRequest(id=task.id))
        said = [message.parts[0].text for message in over.history if message.role == Role.ROLE_USER]
        expect("what was said", said, ["tck-multi-turn", "more", "we are done"])

    async def webhooks(self):
        task = await self._task(asking("tck-input-required"))
        url = "http://127.0.0.1:9/hook"
        made = await self._client.create_task_push_notification_config(
            TaskPushNotificationConfig(task_id=task.id, id="first", url=url, token="secret")
        )
        expect("what was made", (made.task_id, made.id, made.url), (task.id, "first", url))
        one = GetTaskPushNotificationConfigRequest(task_id=task.id, id="first")
        got = await self._client.get_task_push_notification_config(one)
        expect("what is there", (got.task_id, got.id, got.url), (task.id, "first", url))
        if (self._binding, self._version) == ("HTTP+JSON", "0.3"):
            raise Skipped("the SDK neither lists nor deletes them, only makes and gets them, as was done")
        every = ListTaskPushNotificationConfigsRequest(task_id=task.id)
        listed = await self._client.list_task_push_notification_configs(every)
        expect("the list", [each.id for each in listed.configs], ["first"])
        await self._client.delete_task_push_notification_config(
            DeleteTaskPushNotificationConfigRequest(task_id=task.id, id="first")
        )
        expect("the list", list((await self._client.list_task_push_notification_configs(every)).configs), [])
        await self._refused(self._client.get_task_push_notification_config(one), TaskNotFoundError)

    def _pushed(self, headers, body):
        """The state and the pieces of a push, read with the SDK's types."""
        expect("the token", headers.get("x-a2a-notification-token"), "secret")
        expect("the credentials", headers.get("authorization"), "Bearer open-sesame")
        if self._version == "1.0":
            return ParseDict(body, StreamResponse())
        task = old.Task.model_validate(body)
        return ParseDict({"id": task.id, "status": {"state": f"TASK_STATE_{task.status.state.value.upper()}"}}, Task())

    async def pushes(self):
        async with Receiver() as receiver:
            config = TaskPushNotificationConfig(
                url=receiver.url, token="secret", authentication=AuthenticationInfo(scheme="Bearer", credentials="open-sesame")
            )
            task = await self._task(asking("duologue-count 3 50", return_immediately=True, task_push_notification_config=config))
            told = Told()
            while told.state != TaskState.TASK_STATE_COMPLETED:
                event = self._pushed(*await asyncio.wait_for(receiver.posts.get(), 20))
                if isinstance(event, Task):
                    expect("the task", event.id, task.id)
                    event = StreamResponse(task=event)
                told.hear(event)
            if self._version == "1.0":
                expect("the pieces", told.pieces, numbers(3))

    async def unknown(self):
        await self._refused(self._client.get_task(GetTaskRequest(id="no-such-task")), TaskNotFoundError)
        await self._refused(self._client.cancel_task(CancelTaskRequest(id="no-such-task")), TaskNotFoundError)

    async def over(self):
        task = await self._task(asking("hello"))
        await self._refused(self._client.cancel_task(CancelTaskRequest(id=task.id)), TaskNotCancelableError)
        await self._refused(self._send(asking("again", task)), UnsupportedOperationError)

    async def invalid(self):
        request = asking("hello")
        del request.message.parts[:]
        await self._refused(self._send(request), InvalidParamsError)

    async def extended_card(self):
        card = await self._client.get_extended_agent_card(GetExtendedAgentCardRequest())
        expect("the skills", [skill.id for skill in card.skills], ["conformance", "extended"])


def told(what, **more):
    print(json.dumps({"what": what, **more}), flush=True)


async def main(url, binding, version):
    checks = Checks(url, binding, version)
    try:
        await checks._connect()
    except Exception as error:
        traceback.print_exc()
        return told("connect", problems=[repr(error)])
    for name in [name for name in vars(Checks) if not name.startswith("_")]:
        try:
            await asyncio.wait_for(getattr(checks, name)(), 30)
            told(name, problems=[])
        except Skipped as skipped:
            told(name, problems=[], skipped=str(skipped))
        except Exception as error:
            traceback.print_exc()
            told(name, problems=[str(error) if isinstance(error, AssertionError) else repr(error)])


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
