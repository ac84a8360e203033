"""A worker of livekit-agents, unmodified: its agent is a peer like the others (see peer.py), and ends its job when the one
whom it was dispatched for has left. The dispatch's metadata says what to expect, and in which file to report it."""

import json
import time
from pathlib import Path

from livekit import agents
from peer import Peer

# On a busy machine a worker calls itself full, and gets no job.
server = agents.AgentServer(load_fnc=lambda: 0.0, port=0, host="127.0.0.1", num_idle_processes=1)


async def accept(request: agents.JobRequest) -> None:
    await request.accept(identity="agent", name="Agent", attributes={"accepted": "yes"})


@server.rtc_session(agent_name="interop", on_request=accept)
async def entrypoint(context: agents.JobContext) -> None:
    asked = json.loads(context.job.metadata)
    peer = Peer(asked, context.room)
    peer.handle()

    @context.room.on("participant_disconnected")
    def _(participant):
        if participant.identity in peer.others:
            context.shutdown("the caller has left")

    await context.connect()
    others = await peer.talk(time.monotonic() + asked["patience"])
    await context.room.local_participant.set_attributes({"lk.agent.state": "listening"})
    Path(asked["report"]).write_text(json.dumps({"others": others}))


if __name__ == "__main__":
    agents.cli.run_app(server)
