"""a2a-sdk's server with an agent that answers what it was sent: `echo.py PORT [CERTIFICATE KEY BUNDLE]`; with `TASK=1` by a completed
task, with files over mutual TLS only, to whoever the bundle vouches for.
"""

import logging
import os
import ssl
import sys
import uuid

import uvicorn
from a2a.server.agent_execution.agent_executor import AgentExecutor
from a2a.server.request_handlers import DefaultRequestHandler
from a2a.server.routes import create_agent_card_routes, create_jsonrpc_routes
from a2a.server.tasks import InMemoryTaskStore
from a2a.types import AgentCapabilities, AgentCard, AgentInterface, AgentSkill, Message, Role, Task, TaskState, TaskStatus
from starlette.applications import Starlette

BY_TASK = "TASK" in os.environ


class Echo(AgentExecutor):
    async def execute(self, context, queue):
        asked = context.message
        answer = Message(
            role=Role.ROLE_AGENT,
            message_id=str(uuid.uuid4()),
            parts=asked.parts,
            context_id=context.context_id,
            task_id=context.task_id if BY_TASK else "",
        )
        if not BY_TASK:
            await queue.enqueue_event(answer)
            return
        status = TaskStatus(state=TaskState.TASK_STATE_COMPLETED, message=answer)
        task = Task(id=context.task_id, context_id=context.context_id, status=status, history=[asked])
        await queue.enqueue_event(task)

    async def cancel(self, context, queue):
        pass


def main() -> None:
    port, files = int(sys.argv[1]), sys.argv[2:]
    logging.disable(logging.WARNING)
    scheme = "https" if files else "http"
    card = AgentCard(
        name="Echo",
        description="Says what it was told",
        version="1.0.0",
        supported_interfaces=[
            AgentInterface(url=f"{scheme}://127.0.0.1:{port}/", protocol_binding="JSONRPC", protocol_version="1.0")
        ],
        capabilities=AgentCapabilities(streaming=True),
        default_input_modes=["text/plain"],
        default_output_modes=["text/plain"],
        skills=[AgentSkill(id="echo", name="Echo", description="Says what it was told", tags=["echo"])],
    )
    handler = DefaultRequestHandler(agent_executor=Echo(), task_store=InMemoryTaskStore(), agent_card=card)
    routes = [*create_jsonrpc_routes(handler, "/"), *create_agent_card_routes(card)]
    # uvicorn takes uvloop and httptools where they are installed, as they are here.
    tls = {}
    if files:
        certificate, key, bundle = files
        tls = {"ssl_certfile": certificate, "ssl_keyfile": key, "ssl_ca_certs": bundle, "ssl_cert_reqs": ssl.CERT_REQUIRED}
    uvicorn.run(Starlette(routes=routes), host="127.0.0.1", port=port, log_level="warning", access_log=False, **tls)


if __name__ == "__main__":
    main()
