"""A worker of livekit-agents: registered, dispatched, heard, done, drained."""

import json
import signal
import subprocess
import time

from clients import PATIENCE, Client, Running, token
from pairs import missing
from servers import KEY, SECRET

ROOM, TONE = "agents", 1_764


def run(server, toolbox, report) -> None:
    begun = time.monotonic()
    log = toolbox.logs / f"{server.port}-worker.log"
    with log.open("wb") as out:
        worker = subprocess.Popen(
            [toolbox.agents, "agent.py", "start"], stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            env=toolbox.environment(server),
        )
    try:
        problems = registered(worker, log) or conversation(server, toolbox) or drained(worker)
    except (RuntimeError, subprocess.TimeoutExpired) as error:
        problems = [str(error)]
    finally:
        if worker.poll() is None:
            worker.kill()
            worker.wait()
    what = "a worker of livekit-agents 1.8.9: registered, dispatched, heard, done, drained"
    report.add(server.name, what, problems, time.monotonic() - begun)


def registered(worker, log) -> list[str]:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and worker.poll() is None:
        if "registered worker" in log.read_text(errors="replace"):
            return []
        time.sleep(0.1)
    return ["the worker did not register"]


def conversation(server, toolbox) -> list[str]:
    """Somebody and the agent hear each other; once that one has left, the job is done."""
    client = toolbox.clients(["python"])[0]
    written = toolbox.logs / f"{server.port}-agent.json"
    metadata = {"tone": TONE, "others": {client.name: client.tone}, "patience": PATIENCE, "report": str(written)}
    asked = {"room": ROOM, "agent": "interop", "metadata": metadata}
    dispatch = api(server, toolbox, "dispatch", asked)["dispatch"]
    caller = Running(
        client, server, toolbox,
        {"token": token(KEY, SECRET, client.name, ROOM), "tone": client.tone, "others": {"agent": TONE}, "single": True},
        toolbox.logs / f"{server.port}-caller.log",
    )
    try:
        at_caller = caller.report()
        at_agent = wait(lambda: json.loads(written.read_text()) if written.exists() else None) or {}
    finally:
        caller.leave()
    problems = sides(client, at_caller, at_agent)
    if server.lists_what_became_of_jobs:
        jobs = lambda: api(server, toolbox, "jobs", {"room": ROOM, "dispatch": dispatch})["jobs"]
        if not wait(lambda: jobs() == ["JS_SUCCESS"]):
            problems.append(f"the job is listed as {jobs()} instead of [JS_SUCCESS]")
    return problems


def sides(client: Client, at_caller: dict, at_agent: dict) -> list[str]:
    problems = []
    for name, report, other, words, tone in [
        ("the caller", at_caller, "agent", "the agent", TONE),
        ("the agent", at_agent, client.name, "the caller", client.tone),
    ]:
        got = report.get("others", {}).get(other)
        problems += [f"{name} {what}" for what in missing(got, words, tone)] if got else [f"{name} did not report"]
    return problems


def drained(worker) -> list[str]:
    worker.send_signal(signal.SIGTERM)
    try:
        return [] if worker.wait(30) == 0 else [f"the worker ended with exit code {worker.returncode} instead of 0"]
    except subprocess.TimeoutExpired:
        return ["the worker did not end within 30 s of being told to drain"]


def api(server, toolbox, what: str, asked: dict) -> dict:
    command = [toolbox.python, "api.py", what, json.dumps(asked)]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=60, env=toolbox.environment(server))
    if answer.returncode:
        raise RuntimeError(f"{what} failed: {answer.stderr.strip()}")
    return json.loads(answer.stdout)


def wait(found):
    """The first thing that is found, as long as patience lasts."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if something := found():
            return something
        time.sleep(0.2)
    return None
