"""Every client with every other, in one room; and then the clients of the server API, while they are in it."""

import json
import subprocess
import time
from itertools import combinations

from clients import PATIENCE, Client, Running, token
from servers import KEY, SECRET

MESSAGES = 20


def run(server, toolbox, clients: list[Client], report, single: bool) -> None:
    room = "one-connection" if single else "two-connections"
    clients = [client for client in clients if single or client.can_choose]
    begun = time.monotonic()
    running = [join(server, toolbox, room, client, clients, single) for client in clients]
    try:
        reports = {one.client.name: one.report() for one in running}
        for a, b in combinations(clients, 2):
            problems = [*one_way(reports, a, b), *one_way(reports, b, a)]
            what = f"{a.words} <-> {b.words}, {'one connection' if single else 'two connections'}"
            report.add(server.name, what, problems, time.monotonic() - begun)
        if single and len(clients) > 2:
            twirp(server, toolbox, room, clients, report)
    finally:
        for one in running:
            one.leave()


def join(server, toolbox, room: str, client: Client, clients: list[Client], single: bool) -> Running:
    asked = {
        "token": token(KEY, SECRET, client.name, room),
        "tone": client.tone,
        "others": {other.name: other.tone for other in clients if other is not client},
        "single": single,
    }
    return Running(client, server, toolbox, asked, toolbox.logs / f"{server.port}-{room}-{client.name}.log")


def one_way(reports: dict, at: Client, of: Client) -> list[str]:
    """What of another did not arrive at one."""
    got = reports[at.name].get("others", {}).get(of.name)
    if got is None:
        return [f"{at.words} did not get into the room"]
    return [f"{at.words} {what}" for what in missing(got, of.words, of.tone)]


def missing(got: dict, words: str, tone: float) -> list[str]:
    problems = []
    if not got["tone"] or abs(got["tone"] - tone) > 10:
        problems.append(f"hears {got['tone']} Hz instead of the {tone} Hz of {words}")
    if got["reliable"] != list(range(MESSAGES)):
        problems.append(f"got the messages {got['reliable']} instead of 0 to {MESSAGES - 1} of {words}")
    if not got["lossy"]:
        problems.append(f"got none of {MESSAGES} lossy messages of {words}")
    if not got["text"]:
        problems.append(f"did not get the text of {words}")
    if got["call"] != "haha":
        problems.append(f"called {words} and was answered {got['call']!r}")
    return problems


def twirp(server, toolbox, room: str, clients: list[Client], report) -> None:
    """Each of the API's clients shows one of them out."""
    left = [client.name for client in clients]
    for words, command in [
        ("livekit-api (Python) 1.2.2", [toolbox.python, "api.py", "checks"]),
        ("livekit-server-sdk (Node) 2.19.2", [toolbox.node, str(toolbox.scripts / "api.mjs")]),
    ]:
        begun = time.monotonic()
        asked = json.dumps({"room": room, "members": left, "leaves": left[0]})
        try:
            answer = subprocess.run(
                [*command, asked], capture_output=True, text=True, timeout=PATIENCE, env=toolbox.environment(server)
            )
            problems = refused(answer)
        except subprocess.TimeoutExpired:
            problems = [f"it was not done within {PATIENCE} s"]
        report.add(server.name, f"{words}, requests to the server API", problems, time.monotonic() - begun)
        left = left[1:]


def refused(answer: subprocess.CompletedProcess) -> list[str]:
    """What was not as expected."""
    if answer.returncode == 0:
        return [f"{name}: {what}" for name, what in json.loads(answer.stdout)["failed"].items()]
    told = [line for line in answer.stderr.splitlines() if "Error" in line]
    return [told[-1].strip() if told else f"it broke off with exit code {answer.returncode}"]
