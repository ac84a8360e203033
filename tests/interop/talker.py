"""A worker of livekit-agents, unmodified: an agent that talks. All it is told is to hear other agents too, which it does not by
default. Its models are no models: it says one line, in a voice that was recorded, whenever it hears that somebody spoke."""

import json
import os
import sys
from pathlib import Path

import av
from livekit import agents, rtc
from livekit.agents import Agent, AgentSession, inference
from livekit.agents.voice import room_io

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "benches" / "voice"))
from lk_fakes import FakeLLM, FakeSTT, FakeTTS  # noqa: E402

LINE, SOUND, HEARD = (os.environ[name] for name in ["TALKER_LINE", "TALKER_SOUND", "TALKER_HEARD"])
KINDS = [rtc.ParticipantKind.PARTICIPANT_KIND_AGENT, rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD]

# On a busy machine a worker calls itself full, and gets no job.
server = agents.AgentServer(load_fnc=lambda: 0.0, port=0, host="127.0.0.1", num_idle_processes=1)


class Recorded(FakeTTS):
    """The voice of a file."""

    def __init__(self, path: str):
        with av.open(path) as file:
            mono = av.AudioResampler(format="s16", layout="mono", rate=48_000)
            frames = [part for frame in file.decode(audio=0) for part in mono.resample(frame)]
        self.pcm = b"".join(bytes(frame.planes[0])[: frame.samples * 2] for frame in frames)
        agents.tts.TTS.__init__(
            self, capabilities=agents.tts.TTSCapabilities(streaming=True), sample_rate=48_000, num_channels=1
        )


@server.rtc_session(agent_name="support-agent")
async def entrypoint(context: agents.JobContext) -> None:
    session = AgentSession(
        vad=inference.VAD(), stt=FakeSTT(HEARD), llm=FakeLLM(LINE), tts=Recorded(SOUND),
        turn_handling={"turn_detection": "vad"}, aec_warmup_duration=None, user_away_timeout=None,
    )
    options = room_io.RoomOptions(participant_kinds=KINDS)
    await session.start(Agent(instructions="You are helpful."), room=context.room, room_options=options)
    session.say(LINE)


if __name__ == "__main__":
    agents.cli.run_app(server)
