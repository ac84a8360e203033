"""A conversation of an agent of ours with one of livekit-agents, led and recorded by `duologue converse`."""

import json
import signal
import subprocess
import time

import worker
from clients import Missing, target

LINE = "Northwind, your line was cut."
HEARD = "my light is red"
SCENARIO = """\
title: A call
description: With an agent that is not ours.
support: {persona: joe}
customer: {persona: anna}
opens: support
success:
  - said: {by: support, any: [line]}
limits: {turns: 5, duration_s: 90, silence_s: 30}
"""
AGENT = """\
agent_name: customer-agent
instructions: You are Anna.
persona: anna
side: customer
opens: false
dialogue: lines.yaml
providers: {stt: {provider: scripted}, llm: {provider: scripted}, tts: {provider: scripted}}
"""
LINES = [("support", LINE), ("customer", "The light is red."), ("customer", "Thank you."), ("customer", "Goodbye.")]


def run(server, toolbox, report) -> None:
    begun = time.monotonic()
    folder = toolbox.logs / f"{server.port}-conversation"
    folder.mkdir()
    environment = {**toolbox.environment(server), "DUOLOGUE_HOME": str(folder / "home")}
    prepare(folder, environment)
    talker = {
        **environment, "TALKER_LINE": LINE, "TALKER_HEARD": HEARD, "TALKER_SOUND": str(folder / "voice" / "support.ogg")
    }
    started = [
        start([toolbox.agents, "talker.py", "start"], None, folder / "talker.log", talker),
        start([duologue(), "agent", "start", "agent.yaml"], folder, folder / "agent.log", environment),
    ]
    try:
        problems = worker.registered(started[0], folder / "talker.log") or talk(folder, environment)
        problems += worker.drained(started[1]) or []
    finally:
        for process in started:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
                process.wait()
    what = "an agent of livekit-agents 1.8.9 talks with one of ours, recorded and scored"
    report.add(server.name, what, problems, time.monotonic() - begun)


def duologue() -> str:
    program = target() / "release" / "duologue"
    if not program.exists():
        raise Missing(f"{program} is missing: `cargo build --release --workspace --bin duologue`")
    return str(program)


def start(command, folder, log, environment):
    with log.open("wb") as out:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=folder, env=environment
        )


def prepare(folder, environment) -> None:
    """The files, and the voice of the other agent: a recorded one that our scripted recogniser understands."""
    (folder / "call.yaml").write_text(SCENARIO)
    (folder / "agent.yaml").write_text(AGENT)
    (folder / "lines.yaml").write_text("".join(f"- {{speaker: {who}, say: '{line}'}}\n" for who, line in LINES))
    scripted = [word for stage in ["stt", "llm", "tts"] for word in (f"--{stage}", "scripted")]
    record = ["converse", "--in-process", "--scenario", "call.yaml", "--dialogue", "lines.yaml", "--out", "voice"]
    command = [duologue(), *record, "--duration", "2.2", *scripted]
    subprocess.run(command, cwd=folder, env=environment, capture_output=True, timeout=60)


def talk(folder, environment) -> list[str]:
    command = [duologue(), "--json", "converse", "--workers", "external", "--scenario", "call.yaml", "--out", "kept"]
    held = subprocess.run(
        [*command, "--join-timeout", "60"], cwd=folder, env=environment, capture_output=True, text=True, timeout=240
    )
    (folder / "converse.log").write_text(held.stderr)
    if held.returncode:
        return [f"converse ended with exit code {held.returncode}: {held.stderr.strip().splitlines()[-1:]}"]
    transcript = json.loads((folder / "kept" / "transcript.json").read_text())
    said = lambda side: [u for u in transcript["utterances"] if u["speaker"] == side]
    problems = []
    if not any(LINE in u["text"] for u in said("support")):
        problems.append(f"the words of the agent of livekit-agents are not kept: {said('support')}")
    if not any(u["heard"] for u in said("support")):
        problems.append("our agent understood nothing of what the other said")
    if not any(u["heard"] and HEARD in u["heard"] for u in said("customer")):
        problems.append(f"what the other understood is not kept: {said('customer')}")
    summary = json.loads((folder / "kept" / "summary.json").read_text())
    speech = summary["metrics"]["parties"]
    if not all(speech[side]["speech_ms"] > 500 for side in ["support", "customer"]):
        problems.append(f"a voice is missing in the recording: {speech}")
    return problems
