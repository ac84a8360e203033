"""An agent served by a2a-sdk: `server.py PORT GRPC_PORT`, with 0.3 beside 1.0. What it does is told by the message's first word:
`message` answers at once, `task` makes a task, `stream N` tells N pieces, `ask` waits for more, `slow` waits to be called off;
anything else, and what comes after the question, is greeted."""

import asyncio
import sys

import grpc
import httpx
import uvicorn
from a2a.helpers import get_message_text, new_task_from_user_message, new_text_message, new_text_part
from a2a.server.agent_execution.agent_executor import AgentExecutor
from a2a.server.request_handlers import DefaultRequestHandler, GrpcHandler
from a2a.server.routes import create_agent_card_routes, create_jsonrpc_routes, create_rest_routes
from a2a.server.tasks import BasePushNotificationSender, InMemoryPushNotificationConfigStore, InMemoryTaskStore, TaskUpdater
from a2a.types import AgentCapabilities, AgentCard, AgentInterface, AgentSkill
from a2a.types.a2a_pb2_grpc import add_A2AServiceServicer_to_server
from starlette.applications import Starlette


class Greeter(AgentExecutor):
    async def execute(self, context, queue):
        text = get_message_text(context.message)
        word, _, rest = text.partition(" ")
        if word == "message":
            await queue.enqueue_event(new_text_message(f"hello {rest}", context_id=context.context_id))
            return
        is_answer = context.current_task is not None
        if not is_answer:
            await queue.enqueue_event(new_task_from_user_message(context.message))
        task = TaskUpdater(queue, context.task_id, context.context_id)
        await task.start_work()
        if is_answer or word not in ("ask", "slow", "stream"):
            greeted = text if is_answer or word != "task" else rest
            await task.add_artifact([new_text_part(f"hello {greeted}")], artifact_id="greeting", last_chunk=True)
        elif word == "ask":
            await task.requires_input(task.new_agent_message([new_text_part("who?")]))
            return
        elif word == "slow":
            await asyncio.Event().wait()
        else:
            for number in range(int(rest)):
                await asyncio.sleep(0.1)
                last = number + 1 == int(rest)
                await task.add_artifact([new_text_part(f"{number} ")], artifact_id="pieces", append=number > 0, last_chunk=last)
        await task.complete()

    async def cancel(self, context, queue):
        await TaskUpdater(queue, context.task_id, context.context_id).cancel()


def card(port: int, grpc_port: int) -> AgentCard:
    def at(url: str, binding: str, version: str) -> AgentInterface:
        return AgentInterface(url=url, protocol_binding=binding, protocol_version=version)

    root = f"http://127.0.0.1:{port}"
    return AgentCard(
        name="Greeter", description="Greets", version="1.0.0",
        supported_interfaces=[
            at(f"{root}/rpc", "JSONRPC", "1.0"), at(f"{root}/rest", "HTTP+JSON", "1.0"), at(f"127.0.0.1:{grpc_port}", "GRPC", "1.0"),
            at(f"{root}/rpc", "JSONRPC", "0.3"), at(f"{root}/rest", "HTTP+JSON", "0.3"),
        ],
        capabilities=AgentCapabilities(streaming=True, push_notifications=True),
        default_input_modes=["text/plain"], default_output_modes=["text/plain"],
        skills=[AgentSkill(id="greet", name="Greet", description="Greets", tags=["greeting"])],
    )


async def main(port: int, grpc_port: int) -> None:
    own, configs = card(port, grpc_port), InMemoryPushNotificationConfigStore()
    handler = DefaultRequestHandler(
        agent_executor=Greeter(), task_store=InMemoryTaskStore(), agent_card=own,
        push_config_store=configs, push_sender=BasePushNotificationSender(httpx.AsyncClient(), configs),
    )
    app = Starlette(routes=[
        *create_agent_card_routes(own),
        *create_jsonrpc_routes(handler, "/rpc", enable_v0_3_compat=True),
        *create_rest_routes(handler, path_prefix="/rest", enable_v0_3_compat=True),
    ])
    rpc = grpc.aio.server()
    add_A2AServiceServicer_to_server(GrpcHandler(handler), rpc)
    rpc.add_insecure_port(f"127.0.0.1:{grpc_port}")
    await rpc.start()
    await uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)).serve()
    await rpc.stop(0)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
