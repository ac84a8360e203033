#!/usr/bin/env python3
"""Measures what mutual TLS, a policy and the decision log cost a call, and puts a2a-sdk for Python behind the same mutual TLS beside it.

All agents answer what they were sent over JSON-RPC on loopback. They all run at once, on a core of their own that only one of them
is busy on at a time; the load has the other one. Rounds go through all of them in turn, the order reversed each time, so that what is
compared lies seconds apart. Standard library only. What it needs is installed by `scripts/setup.sh --bench-a2a`.
"""

import argparse
import json
import os
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
POLICY = HERE.parent.parent / "policies/same_trust_domain"
PLAIN, TLS, DECIDED = "plaintext", "mTLS", "mTLS, policy"
ALL, STRICT = "mTLS, policy, log", "mTLS, policy, strict log"
PYTHON, PYTHON_TLS = "Python SDK", "Python SDK, mTLS"
ECHO_ID, PYTHON_ID = "spiffe://bench.test/echo", "spiffe://bench.test/python"
# Name, and what the load is told.
KINDS = {
    "kept, 1": ["--connections", "1"],
    "kept, 32": ["--connections", "32"],
    "new": ["--connections", "1", "--fresh", "--most", "1500"],
}
ONE, MANY, NEW = KINDS
# What identities, policy and log may add to the median of a call, in ms; the least share of plaintext's throughput by processor time that
# is left; how long a call on a new connection may take, in ms.
ADDED_BAR, SHARE_BAR, NEW_BAR = 0.1, 0.6, 1.0


@dataclass
class Side:
    """An agent: how it is started behind its port, and how the load reaches it."""

    command: list[str]
    arguments: list[str] = field(default_factory=list)
    identity: list[str] = field(default_factory=list)
    log: Path | None = None


def sides(options, folder: Path, workload: str) -> dict[str, Side]:
    ours, over_tls = [str(options.ours), "serve"], ["--socket", workload]
    named = ["--socket", workload, "--callee", ECHO_ID]
    decided = [*over_tls, "--policy", str(POLICY)]
    logs = {name: folder / f"{name}.jsonl" for name in ("relaxed", "strict")}
    found = {
        PLAIN: Side(ours),
        TLS: Side(ours, over_tls, named),
        DECIDED: Side(ours, decided, named),
        ALL: Side(ours, [*decided, "--log", str(logs["relaxed"])], named, logs["relaxed"]),
        STRICT: Side(ours, [*decided, "--log", str(logs["strict"]), "--strict"], named, logs["strict"]),
    }
    users = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    tools = Path(os.environ.get("DUOLOGUE_CI_CACHE") or users / "duologue-ci")
    python = tools / "interop-a2a/a2a-sdk-1.3.0/bin/python"
    if not options.without_python:
        if not python.exists():
            sys.exit(f"bench: {python} is missing: `scripts/setup.sh --bench-a2a` makes it; or give --without-python")
        echo, files = [str(python), str(HERE.parent / "a2a/echo.py")], ["python.pem", "python.key", "bundle.pem"]
        found[PYTHON] = Side(echo)
        found[PYTHON_TLS] = Side(
            echo, [str(folder / name) for name in files], ["--socket", workload, "--callee", PYTHON_ID]
        )
    return found


class Authority:
    """Issues identities for as long as this is open."""

    def __init__(self, ours: Path, folder: Path):
        self.process = subprocess.Popen(
            [str(ours), "authority", str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, preexec_fn=pin(1)
        )
        self.workload = self.process.stdout.readline().strip()
        if not self.workload:
            sys.exit("bench: the authority did not start (above)")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(30)


class Server(Process):
    """An agent, and the load that goes with it."""

    def __init__(self, side: Side, options):
        self.side, self.load_program, self.calls = side, str(options.ours), 0
        super().__init__(side.command, side.arguments)

    def load(self, arguments: list[str], seconds: float) -> dict:
        """What the load saw, with what it cost the agent."""
        begun = self.cpu_s()
        command = [
            self.load_program, "load", f"127.0.0.1:{self.port}", *self.side.identity, *arguments, "--seconds", str(seconds)
        ]
        ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, preexec_fn=pin(1))
        if ran.returncode != 0:
            sys.exit(f"bench: {' '.join(command)} failed (above)")
        figures = json.loads(ran.stdout)
        if not figures["requests"]:
            sys.exit(f"bench: {' '.join(command)}: no call was answered")
        self.calls += figures["requests"] + figures["refused"]
        figures["cpu_us"] = (self.cpu_s() - begun) * 1e6 / figures["requests"]
        return figures


def measure(options, servers: dict[str, Server]) -> list[dict]:
    """Each entry is one run of the load."""
    for server in servers.values():
        server.load(["--connections", "8"], 1)
    runs = []
    for number in range(options.rounds):
        order = list(servers) if number % 2 == 0 else list(reversed(servers))
        for kind, arguments in KINDS.items():
            print(f"round {number + 1} of {options.rounds}: {kind}", file=sys.stderr)
            for name in order:
                runs.append({"round": number, "side": name, "kind": kind, **servers[name].load(arguments, options.seconds)})
    return runs


class Runs:
    """All runs, and what they say."""

    def __init__(self, runs: list[dict]):
        self.runs = runs

    def of(self, side: str, kind: str, key: str) -> list[float]:
        """A figure by round."""
        return [run[key] for run in self.runs if (run["side"], run["kind"]) == (side, kind)]

    def median(self, side: str, kind: str, key: str) -> float:
        return statistics.median(self.of(side, kind, key))

    def beside(self, side: str, other: str, kind: str, key: str, compare) -> float:
        """The median over the rounds of a figure compared with another side's of the same round."""
        pairs = zip(self.of(side, kind, key), self.of(other, kind, key), strict=True)
        return statistics.median(compare(mine, theirs) for mine, theirs in pairs)

    def added(self, side: str, kind: str) -> float:
        """Milliseconds that a call takes longer than in plaintext."""
        return self.beside(side, plain(side), kind, "p50_ms", lambda mine, theirs: mine - theirs)

    def share(self, side: str) -> float:
        """Of plaintext's throughput by processor time."""
        return self.beside(side, plain(side), MANY, "cpu_us", lambda mine, theirs: theirs / mine)

    def refused(self, side: str) -> int:
        return sum(run["refused"] for run in self.runs if run["side"] == side)


def plain(side: str) -> str:
    return PYTHON if side.startswith(PYTHON) else PLAIN


def print_results(runs: Runs, names: list[str]) -> None:
    print("one kept connection, and 32 of them:")
    rows = [("agent", "p50 ms", "added", "p99 ms", "requests/s at 32", "CPU µs/request", "plaintext ÷ it", "refused")]
    for name in names:
        of = lambda kind, key, name=name: runs.median(name, kind, key)  # noqa: E731
        is_plain = name == plain(name)
        rows.append((
            name, f"{of(ONE, 'p50_ms'):.3f}", "" if is_plain else f"{runs.added(name, ONE):+.3f}", f"{of(ONE, 'p99_ms'):.3f}",
            f"{of(MANY, 'per_second'):,.0f}", f"{of(MANY, 'cpu_us'):.1f}", "" if is_plain else f"{runs.share(name):.2f}",
            runs.refused(name),
        ))
    print_table(rows)
    print("a new connection for each call:")
    rows = [("agent", "connected, p50 ms", "whole call, p50 ms", "p99 ms", "CPU µs/call")]
    for name in names:
        figures = (runs.median(name, NEW, key) for key in ("handshake_p50_ms", "p50_ms", "p99_ms"))
        rows.append((name, *(f"{figure:.3f}" for figure in figures), f"{runs.median(name, NEW, 'cpu_us'):.0f}"))
    print_table(rows)
    if PYTHON_TLS in names:
        of = lambda kind, key: runs.beside(PYTHON_TLS, ALL, kind, key, lambda theirs, ours: theirs / ours)  # noqa: E731
        print(
            f"behind the same mTLS, Python's SDK without policy and log ÷ ours with both: {of(ONE, 'p50_ms'):.1f} times the time of a "
            f"call, {of(MANY, 'cpu_us'):.1f} times the processor time, {of(NEW, 'p50_ms'):.1f} times the time of a new connection\n"
        )


def kept(options, server: Server) -> int:
    """Decisions in the log of an agent, whose chain holds."""
    ran = subprocess.run([str(options.ours), "verify", str(server.side.log)], stdout=subprocess.PIPE, text=True)
    if ran.returncode != 0:
        sys.exit(f"bench: the log {server.side.log} does not hold (above)")
    return int(ran.stdout)


def disk_ms(folder: Path) -> float:
    """What a strict log waits for, on this disk: a line and its fsync."""
    took = []
    with open(folder / "disk", "ab", buffering=0) as file:
        for _ in range(50):
            begun = time.perf_counter()
            file.write(b"x" * 1000)
            os.fdatasync(file.fileno())
            took.append((time.perf_counter() - begun) * 1e3)
    return statistics.median(took)


def bars(runs: Runs, servers: dict[str, Server], decisions: dict[str, int]) -> int:
    """Prints each bar with what was measured; how many were missed."""
    wanted = [
        ("ms that mTLS, policy and log add to the p50 of a call on a kept connection", runs.added(ALL, ONE), ADDED_BAR, False),
        ("of plaintext's throughput by processor time, with mTLS, policy and log", runs.share(ALL), SHARE_BAR, True),
        ("ms for a call on a new connection, p50, with mTLS, policy and log", runs.median(ALL, NEW, "p50_ms"), NEW_BAR, False),
    ]
    print("bars:")
    missed = print_bars(wanted, ".3f", sum(runs.refused(name) for name in servers))
    for name, number in decisions.items():
        held = number == servers[name].calls
        missed += not held
        print(f"  {'held  ' if held else 'MISSED'}  {name}: {number:,} decisions kept of {servers[name].calls:,} calls, the chain holds")
    return missed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours", type=Path, required=True, help="duologue-mtls-bench")
    parser.add_argument("--rounds", type=int, default=7, help="rounds of all agents, alternating (default 7)")
    parser.add_argument("--seconds", type=float, default=2, help="each run of the load (default 2)")
    parser.add_argument("--without-python", action="store_true", help="ours alone")
    parser.add_argument("--folder", type=Path, help="a folder on the disk that the logs are to be on (default: a temporary one)")
    parser.add_argument("--quick", action="store_true", help="three rounds of one second each")
    parser.add_argument("--json", type=Path, help="also write every run to this file")
    parser.add_argument("--check", action="store_true", help="exit 1 when one of our bars is missed")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.seconds = 3, 1
    options.ours = options.ours.resolve()
    with tempfile.TemporaryDirectory(prefix="bench-mtls-", dir=options.folder, ignore_cleanup_errors=True) as scratch:
        folder, servers = Path(scratch), {}
        print(f"machine: {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before the first run (an idle one is needed)")
        print(f"a line and its fsync on this disk: {disk_ms(folder):.2f} ms\n")
        with Authority(options.ours, folder) as authority:
            try:
                for name, side in sides(options, folder, authority.workload).items():
                    servers[name] = Server(side, options)
                runs = measure(options, servers)
            finally:
                for server in servers.values():
                    server.stop()
        decisions = {name: kept(options, server) for name, server in servers.items() if server.side.log}
    results = Runs(runs)
    print_results(results, list(servers))
    if options.json:
        options.json.write_text(json.dumps({"runs": runs, "decisions": decisions}, indent=1) + "\n")
    missed = bars(results, servers, decisions)
    return 1 if missed and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
