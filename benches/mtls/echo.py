"""a2a-sdk's server with an agent that answers what it was sent: `echo.py PORT [CERTIFICATE KEY BUNDLE]`. With files it takes calls
over mutual TLS only, from whoever the bundle vouches for.
"""

import logging
import ssl
import sys
import uuid

import uvicorn
from a2a.server.agent_execution.agent_executor import AgentExecutor
from a2a.server.request_handlers import DefaultRequestHandler
from a2a.server.routes import create_agent_card_routes, create_jsonrpc_routes
from a2a.server.tasks import InMemoryTaskStore
from a2a.types import AgentCapabilities, AgentCard, AgentInterface, AgentSkill, Message, Role
from starlette.applications import Starlette


class Echo(AgentExecutor):
    async def execute(self, context, queue):
        asked = context.message
        answer = Message(
            role=Role.ROLE_AGENT, message_id=str(uuid.uuid4()), parts=asked.parts, context_id=context.context_id
        )
        await queue.enqueue_event(answer)

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
        capabilities=AgentCapabilities(streaming=False),
        default_input_modes=["text/plain"],
        default_output_modes=["text/plain"],
        skills=[AgentSkill(id="echo", name="Echo", description="Says what it was told", tags=["echo"])],
    )
    handler = DefaultRequestHandler(agent_executor=Echo(), task_store=InMemoryTaskStore(), agent_card=card)
    routes = [*create_jsonrpc_routes(handler, "/"), *create_agent_card_routes(card)]
    tls = {}
    if files:
        tls = {"ssl_certfile": files[0], "ssl_keyfile": files[1], "ssl_ca_certs": files[2]}
        tls["ssl_cert_reqs"] = ssl.CERT_REQUIRED
    # uvicorn takes uvloop and httptools where they are installed, as they are here.
    uvicorn.run(Starlette(routes=routes), host="127.0.0.1", port=port, log_level="warning", access_log=False, **tls)


if __name__ == "__main__":
    main()
