#!/usr/bin/env python3
"""Measures our A2A server beside those of the SDKs for Rust, JavaScript and Python, and beside a bare axum handler.

All of them answer what they were sent, by a message or by a completed task, over JSON-RPC and plaintext on loopback. They run one
after the other, the order reversed each round, on a core of their own; wrk has the other one. Standard library only. What it needs is
installed by `scripts/setup.sh --bench-a2a`.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from serving import Process, pin, print_bars, print_table  # noqa: E402

HERE = Path(__file__).resolve().parent
SETUP = "scripts/setup.sh --bench-a2a"
OURS, DURABLE, FLOOR = "duologue", "duologue, SQLite", "axum, no A2A"
KINDS = ("message", "task")
# Requests a second on one core at 32 connections, on a machine where the floor answers `FLOOR_THERE`; a slower one is measured by the
# same share of what its floor answers in the same run.
BARS = {(OURS, "message"): 30_000, (OURS, "task"): 25_000}
FLOOR_THERE = 57_773
DURABLE_BAR = 5_000
# Growth over a million requests that counts as flat.
FLAT_MIB = 32
MILLION = 1_000_000


@dataclass
class Side:
    """A server: how it is started, in which order of arguments it is told its port, and what it can answer with."""

    command: list[str]
    kinds: tuple[str, ...] = KINDS
    connections: tuple[int, ...] = (1, 32)
    environment: dict[str, str] = field(default_factory=dict)
    # How long its memory is watched at most, in seconds.
    patience: int = 60


def installed(path: Path) -> str:
    if not path.exists():
        sys.exit(f"bench: {path} is missing: `{SETUP}` makes it")
    return str(path)


def sides(options, scratch: Path) -> dict[str, Side]:
    users = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    tools = Path(os.environ.get("DUOLOGUE_CI_CACHE") or users / "duologue-ci") / "interop-a2a"
    rust = installed(tools / "a2a-rs-0.5.3/a2a-peers")
    # Node looks for packages beside the program.
    shutil.copy(HERE / "echo.mjs", scratch)
    (scratch / "node_modules").symlink_to(installed(tools / "node/node_modules"))
    ours = str(options.ours)
    store = f"sqlite:{options.store or scratch}/echo.db"
    return {
        FLOOR: Side([rust, "axum"], kinds=("message",)),
        OURS: Side([ours], patience=180),
        "Rust SDK": Side([rust, "echo"], patience=180),
        "JavaScript SDK": Side([shutil.which("node") or sys.exit("bench: no Node.js is here"), str(scratch / "echo.mjs")]),
        "Python SDK": Side([installed(tools / "a2a-sdk-1.3.0/bin/python"), str(HERE / "echo.py")]),
        DURABLE: Side([ours], kinds=("task",), connections=(1, 32, 64, 256), environment={"STORE": store}),
    }


class Server(Process):
    """A server that answers by a message, or by a task."""

    def __init__(self, side: Side, kind: str):
        super().__init__(side.command, environment={**side.environment, **({"TASK": "1"} if kind == "task" else {})})

    def mib(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024

    def load(self, connections: int, seconds: int) -> dict:
        """What wrk saw, with what it cost the server."""
        begun = self.cpu_s()
        wrk = [
            "wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{seconds}s", "--timeout", "10s",
            "--script", str(HERE / "send.lua"), f"http://127.0.0.1:{self.port}/",
        ]
        ran = subprocess.run(wrk, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, preexec_fn=pin(1))
        results = [line.removeprefix("RESULT ") for line in ran.stdout.splitlines() if line.startswith("RESULT ")]
        if not results:
            sys.exit(f"bench: {' '.join(wrk)} failed: {ran.stdout}")
        figures = json.loads(results[-1])
        figures["cpu_us"] = (self.cpu_s() - begun) * 1e6 / max(figures["requests"], 1)
        return figures


def throughput(options, servers: dict[str, Side]) -> list[dict]:
    """All sides in rounds: each entry is one run of wrk."""
    runs = []
    for number in range(options.rounds):
        order = list(servers) if number % 2 == 0 else list(reversed(servers))
        for name in order:
            side = servers[name]
            for kind in side.kinds:
                print(f"round {number + 1} of {options.rounds}: {name}, {kind}", file=sys.stderr)
                with Server(side, kind) as server:
                    server.load(8, 1)
                    for connections in side.connections:
                        figures = server.load(connections, options.seconds)
                        runs.append({"side": name, "kind": kind, "connections": connections, **figures})
    return runs


def memory(servers: dict[str, Side], requests: int) -> list[dict]:
    """Resident memory before and after so many requests, or as many as the side answers in its time."""
    runs = []
    for name, side in servers.items():
        if name in (FLOOR, DURABLE):
            continue
        for kind in side.kinds:
            print(f"memory: {name}, {kind}", file=sys.stderr)
            with Server(side, kind) as server:
                server.load(32, 5)
                begun, answered, until = server.mib(), 0, time.monotonic() + side.patience
                while answered < requests and time.monotonic() < until:
                    answered += server.load(32, 5)["requests"]
                runs.append({"side": name, "kind": kind, "requests": answered, "before": begun, "after": server.mib()})
    return runs


def median(runs: list[dict], side: str, kind: str, connections: int, key: str) -> float | None:
    values = [run[key] for run in runs if (run["side"], run["kind"], run["connections"]) == (side, kind, connections)]
    return statistics.median(values) if values else None


def print_throughput(runs: list[dict], servers: dict[str, Side]) -> None:
    rows = [("server", "answer", "connections", "requests/s", "p50 ms", "p99 ms", "CPU µs/request", "ours ÷ it", "refused")]
    for kind in KINDS:
        for name, side in servers.items():
            for connections in side.connections if kind in side.kinds else ():
                of = lambda key, name=name: median(runs, name, kind, connections, key)  # noqa: E731
                ours = median(runs, OURS, kind, connections, "per_second")
                ratio = "" if name == OURS or ours is None else f"{ours / of('per_second'):.2f}"
                refused = sum(run["bad"] for run in runs if (run["side"], run["kind"], run["connections"]) == (name, kind, connections))
                figures = (f"{of('per_second'):,.0f}", f"{of('p50_ms'):.3f}", f"{of('p99_ms'):.3f}", f"{of('cpu_us'):.1f}")
                rows.append((name, kind, connections, *figures, ratio, refused))
    print_table(rows)


def print_memory(runs: list[dict]) -> None:
    rows = [("server", "answer", "requests", "MiB before", "MiB after", "KiB/request")]
    for run in runs:
        growth = (run["after"] - run["before"]) * 1024 / max(run["requests"], 1)
        rows.append((run["side"], run["kind"], f"{run['requests']:,}", f"{run['before']:.0f}", f"{run['after']:.0f}", f"{growth:.3f}"))
    print_table(rows)


def bars(runs: list[dict], watched: list[dict]) -> int:
    """Prints each bar with what was measured; how many were missed."""
    floor = median(runs, FLOOR, "message", 32, "per_second") or FLOOR_THERE
    pace = min(1.0, floor / FLOOR_THERE)
    print(f"this machine's pace: {pace:.2f} (the floor answers {floor:,.0f}/s here, {FLOOR_THERE:,} where the bars were set)")
    wanted = [
        (f"{kind} calls/s, 32 connections, one core", median(runs, side, kind, 32, "per_second"), bar * pace, True)
        for (side, kind), bar in BARS.items()
    ]
    levels = {run["connections"] for run in runs if run["side"] == DURABLE}
    durable = {level: median(runs, DURABLE, "task", level, "per_second") for level in levels}
    if durable:
        best = max(durable, key=durable.get)
        wanted.append((f"durable tasks/s, {best} connections", durable[best], DURABLE_BAR * pace, True))
    wanted += [
        (f"MiB that {run['requests']:,} requests leave behind, {run['kind']}", run["after"] - run["before"], FLAT_MIB, False)
        for run in watched
        if run["side"] == OURS
    ]
    print("bars of our side, at that pace:")
    return print_bars(wanted, ",.0f", sum(run["bad"] for run in runs if run["side"] in (OURS, DURABLE)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours", type=Path, required=True, help="our echo agent, duologue-a2a-echo")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of all sides, alternating (default 3)")
    parser.add_argument("--seconds", type=int, default=4, help="each run of wrk (default 4)")
    parser.add_argument("--requests", type=int, default=MILLION, help="over which memory is watched; 0: not (default 1,000,000)")
    parser.add_argument("--only", action="append", help="only this server; may be given again")
    parser.add_argument("--store", type=Path, help="folder of the durable tasks (default: a temporary one)")
    parser.add_argument("--quick", action="store_true", help="one round, and no watching of memory")
    parser.add_argument("--json", type=Path, help="also write every run to this file")
    parser.add_argument("--check", action="store_true", help="exit 1 when one of our bars is missed")
    options = parser.parse_args()
    # By this a server answers with a task.
    os.environ.pop("TASK", None)
    if options.quick:
        options.rounds, options.requests = 1, 0
    if not shutil.which("wrk"):
        sys.exit(f"bench: wrk is missing: `{SETUP}` installs it")
    with tempfile.TemporaryDirectory(prefix="bench-a2a-", ignore_cleanup_errors=True) as scratch:
        servers = sides(options, Path(scratch))
        unknown = set(options.only or []) - set(servers)
        if unknown:
            sys.exit(f"bench: there is no server {', '.join(unknown)}, only {', '.join(servers)}")
        servers = {name: side for name, side in servers.items() if not options.only or name in options.only}
        print(f"machine: {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before the first run (an idle one is needed)\n")
        runs = throughput(options, servers)
        print_throughput(runs, servers)
        watched = memory(servers, options.requests) if options.requests else []
        if watched:
            print_memory(watched)
    if options.json:
        options.json.write_text(json.dumps({"runs": runs, "memory": watched}, indent=1) + "\n")
    missed = bars(runs, watched) if OURS in servers else 0
    return 1 if missed and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
