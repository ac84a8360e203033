"""livekit-agents' side: plays every scene to an AgentSession of its own and records what the agent says.

 lk_turns.py SCENES OUT '{"turn": "vad"|"default", "min_duration": 0.5, "min_words": 0}' [SESSIONS AT ONCE]

Bundled Silero VAD, batch speech recognition that is asked when that VAD says the utterance is over (what the framework
does with a recogniser that does not stream), replies and voice after fixed delays. What is not named is its default.
"""
import asyncio
import gc
import json
import logging
import os
import sys
import time
import wave
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "voice"))
from lk_fakes import FakeLLM, FakeTTS, PacedInput, PacedOutput, _FakeLLMStream, load_wav  # noqa: E402
from livekit import rtc  # noqa: E402
from livekit.agents import Agent, AgentSession, LanguageCode, inference, stt, tts, utils  # noqa: E402
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS, NOT_GIVEN  # noqa: E402
from livekit.agents.voice.io import AudioOutputCapabilities  # noqa: E402

DELAYS = json.loads((Path(__file__).resolve().parent / "delays.json").read_text())


def words(scene):
    """Each word with the time of its middle, by its share of the letters of its piece."""
    found = []
    for piece in [*filter(None, [scene["lead"]]), *scene["pieces"]]:
        at, letters = 0, len(piece["text"])
        for word in piece["text"].split(" "):
            middle = piece["from"] + (piece["to"] - piece["from"]) * (at + len(word) / 2) / letters
            found.append((middle, word))
            at += len(word) + 1
    return found


class Recogniser(stt.STT):
    """The true words whose middle lies in the sound that it is given, each once."""

    def __init__(self, scene):
        super().__init__(capabilities=stt.STTCapabilities(streaming=False, interim_results=False))
        self.words, self.heard_ms = words(scene), 0

    async def _recognize_impl(self, buffer, *, language=NOT_GIVEN, conn_options=DEFAULT_API_CONNECT_OPTIONS):
        until, length = self.heard_ms, utils.combine_frames(buffer).duration * 1_000
        text = " ".join(word for middle, word in self.words if until - length <= middle <= until)
        self.words = [(middle, word) for middle, word in self.words if middle > until]
        await asyncio.sleep(DELAYS["recognition_ms"] / 1_000)
        alternatives = [stt.SpeechData(text=text, language=LanguageCode("en"))]
        return stt.SpeechEvent(type=stt.SpeechEventType.FINAL_TRANSCRIPT, alternatives=alternatives)


class SlowLLM(FakeLLM):
    def chat(self, *, chat_ctx, tools=None, conn_options=DEFAULT_API_CONNECT_OPTIONS, **_):
        return _SlowLLMStream(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options)


class _SlowLLMStream(_FakeLLMStream):
    async def _run(self):
        await asyncio.sleep(DELAYS["first_token_ms"] / 1_000)
        await super()._run()


class SlowTTS(FakeTTS):
    """As long as its text; without a pause."""

    def stream(self, *, conn_options=DEFAULT_API_CONNECT_OPTIONS):
        return _SlowTTSStream(tts=self, conn_options=conn_options)


class _SlowTTSStream(tts.SynthesizeStream):
    async def _run(self, out):
        out.initialize(request_id=utils.shortuuid("f_"), sample_rate=48_000, num_channels=1, mime_type="audio/pcm", stream=True)
        text = "".join([piece async for piece in self._input_ch if isinstance(piece, str)])
        if not text:
            return
        self._mark_started()
        await asyncio.sleep(DELAYS["first_sound_ms"] / 1_000)
        out.start_segment(segment_id=utils.shortuuid("s_"))
        samples = len(text) * 48_000 // DELAYS["characters_per_second"]
        pcm = self._tts.pcm
        out.push((pcm * (samples * 2 // len(pcm) + 1))[: samples * 2])
        out.flush()


class Output(PacedOutput):
    """As a room's output it can pause."""

    def __init__(self):
        super().__init__()
        self._capabilities = AudioOutputCapabilities(pause=True)
        self.paused = False

    def pause(self):
        super().pause()
        self.paused = True

    def resume(self):
        super().resume()
        self.paused = False

    def pop(self):
        return None if self.paused else super().pop()


class Play:
    """One scene."""

    def __init__(self, scene, folder, config, vad, voice):
        self.scene, self.tick = scene, 0
        self.line, _ = load_wav(str(folder / f"{scene['id']}.wav"))
        self.track = bytearray()
        handling = {
            "interruption": {"mode": "vad", "min_duration": config["min_duration"], "min_words": config["min_words"]},
        }
        if config["turn"] == "vad":
            handling["turn_detection"] = "vad"
        if "min_delay" in config:
            handling["endpointing"] = {"min_delay": config["min_delay"]}
        self.stt = Recogniser(scene)
        self.session = AgentSession(
            vad=vad, stt=self.stt, llm=SlowLLM(DELAYS["reply" if scene["role"] == "turn" else "story"]), tts=voice, turn_handling=handling,
            aec_warmup_duration=None, user_away_timeout=None,
        )
        self.input, self.output = PacedInput(), Output()
        self.session.input.audio, self.session.output.audio = self.input, self.output

    async def start(self):
        await self.session.start(Agent(instructions="You are helpful."))

    def hear(self):
        """20 ms of the line; says whether the scene goes on."""
        if self.tick == self.scene["frames"]:
            return False
        frame = self.line[self.tick * 640 : (self.tick + 1) * 640]
        self.tick += 1
        self.stt.heard_ms = self.tick * 20
        self.input.ch.send_nowait(rtc.AudioFrame(data=frame, sample_rate=16_000, num_channels=1, samples_per_channel=320))
        return True

    def speak(self):
        """What plays while the next frame comes in; every sixth sample tells sound from silence."""
        sound = self.output.pop() or b"\0" * 1_920
        self.track += b"".join(sound[n : n + 2] for n in range(0, 1_920, 12))

    async def finish(self, folder):
        with wave.open(str(folder / f"{self.scene['id']}.wav"), "wb") as out:
            out.setparams((1, 2, 8_000, 0, "NONE", ""))
            # What is played after the first frame was heard begins 20 ms into the scene.
            out.writeframes(b"\0" * 320 + bytes(self.track))
        await self.session.aclose()


async def main():
    scenes_folder, out, config = Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3])
    at_once = int(sys.argv[4]) if len(sys.argv) > 4 else 16
    out.mkdir(parents=True, exist_ok=True)
    waiting = json.loads((scenes_folder / "scenes.json").read_text())[::-1]
    if config.get("role"):
        waiting = [scene for scene in waiting if (scene["role"] == "turn") == (config["role"] == "turn")]
    vad, voice = inference.VAD(), SlowTTS(str(scenes_folder / "voice.wav"))
    total, running, starting, closing, ready, lag = len(waiting), [], set(), set(), [], []
    done, tick, began, cpu = 0, 0, time.perf_counter(), time.process_time()

    async def begin(play):
        await play.start()
        ready.append(play)

    while done < total:
        if waiting and len(running) + len(starting) + len(ready) < at_once and tick % 20 == 0:
            task = asyncio.create_task(begin(Play(waiting.pop(), scenes_folder, config, vad, voice)))
            starting.add(task)
            task.add_done_callback(starting.discard)
        running += ready
        ready.clear()
        due = began + tick * 0.02
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        lag.append(time.perf_counter() - due)
        over = [play for play in running if not play.hear()]
        running = [play for play in running if play not in over]
        for play in over:
            task = asyncio.create_task(play.finish(out))
            closing.add(task)
            task.add_done_callback(closing.discard)
            done += 1
        # The session has half a frame's time to answer to what it heard before its next sound is taken.
        await asyncio.sleep(max(0.0, due + 0.01 - time.perf_counter()))
        for play in running:
            play.speak()
        tick += 1
    await asyncio.wait(closing) if closing else None
    lag.sort()
    wall = time.perf_counter() - began
    print(json.dumps({"scenes": total, "wall_s": round(wall), "cpu": round((time.process_time() - cpu) / wall, 2),
                      "tick_lag_ms": {"p50": round(lag[len(lag) // 2] * 1e3, 1), "p99": round(lag[len(lag) * 99 // 100] * 1e3, 1), "max": round(lag[-1] * 1e3)}}), flush=True)
    os._exit(0)


logging.disable(logging.WARNING)
# A full collection over this many sessions takes 0.2 s, in which nobody would be heard.
gc.disable()
asyncio.run(main())
