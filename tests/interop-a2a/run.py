#!/usr/bin/env python3
"""Our client with the servers of A2A's SDKs, and their clients with our server, all of them unmodified.

Starts each server on free ports and has each client do with it what clients do, over every binding and version that it speaks:
`io/gateway/examples/a2a_client.rs` with `servers/*`, and `clients/*` with `io/gateway/examples/conformance_agent`. A line for each
thing; with `--json` an object at the end. Exit code 1 if anything failed. What it needs is installed by
`scripts/setup.sh --interop-a2a`, and built by what `BUILD` says."""

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
WAYS = [("JSONRPC", "1.0"), ("HTTP+JSON", "1.0"), ("GRPC", "1.0"), ("JSONRPC", "0.3"), ("HTTP+JSON", "0.3")]
SETUP = "scripts/setup.sh --interop-a2a"
BUILD = "cargo build --release --workspace --example a2a_client --example conformance-agent"
OURS = "duologue"
# The program of `rust/`, and what each of its servers and clients is called there.
RUST, RUST_KINDS = "a2a-rs-0.5.3", {"server": "serve", "client": "call"}
# Servers that do not know 0.3, with what says so; clients tell it themselves.
ONLY_1_0 = {RUST: "the SDK's server speaks 1.0 only"}
# How long one way may take with one server.
PATIENCE = 120


class Missing(Exception):
    """Something that has to be installed first."""


def cache() -> Path:
    """Where `scripts/setup.sh` installs what is no system package."""
    users = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("DUOLOGUE_CI_CACHE") or users / "duologue-ci") / "interop-a2a"


def installed(path: Path, how: str) -> str:
    if not path.exists():
        raise Missing(f"{path} is missing: `{how}` makes it")
    return str(path)


def free_ports() -> int:
    """A free port after which another one is free."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            try:
                socket.create_server(("127.0.0.1", port + 1)).close()
                return port
            except (OSError, OverflowError):
                continue


class Server:
    """A server as a child process. The SDKs' are told their ports as arguments, ours by its surroundings."""

    def __init__(self, name: str, command: list[str], logs: Path):
        self.name, self.port, self.log = name, free_ports(), logs / f"server-{name}.log"
        self.command = [*command, str(self.port), str(self.port + 1)]
        # Ours has interfaces of 0.3 on its card too.
        self.environment = {**os.environ, "PORT": str(self.port), "CARD_0_3": "1"}
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment
            )
        until = time.monotonic() + 30
        while time.monotonic() < until and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return self
            except OSError:
                time.sleep(0.05)
        self.__exit__()
        raise Missing(f"{self.name} did not start; {self.log} says why")

    def __exit__(self, *_) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def sdks(kind: str, logs: Path) -> dict[str, list[str]]:
    """By name, how each SDK's server or client is started."""
    node = shutil.which("node")
    if not node:
        raise Missing("no Node.js is here: install version 20 or newer")
    # Node looks for packages beside the program.
    scripts = logs / "scripts"
    scripts.mkdir(parents=True, exist_ok=True)
    shutil.copy(HERE / f"{kind}s/{kind}.mjs", scripts)
    (scripts / "node_modules").unlink(missing_ok=True)
    (scripts / "node_modules").symlink_to(installed(cache() / "node/node_modules", SETUP))
    return {
        "a2a-sdk-1.3.0": [installed(cache() / "a2a-sdk-1.3.0/bin/python", SETUP), str(HERE / f"{kind}s/{kind}.py")],
        "a2a-js-sdk-1.3.0": [node, str(scripts / f"{kind}.mjs")],
        RUST: [installed(cache() / RUST / "a2a-peers", SETUP), RUST_KINDS[kind]],
    }


def pairs(direction: str, logs: Path, peers: list[str] | None):
    """Each server with the clients that it is called by: their names and how they are started."""
    target = Path(os.environ.get("CARGO_TARGET_DIR") or HERE.parents[1] / "target") / "release/examples"

    def asked(kind: str) -> dict[str, list[str]]:
        found = sdks(kind, logs)
        unknown = set(peers or []) - set(found)
        if unknown:
            raise Missing(f"there is no peer {', '.join(unknown)}, only {', '.join(found)}")
        return {name: command for name, command in found.items() if not peers or name in peers}

    if direction in ("client", "both"):
        client = {OURS: [installed(target / "a2a_client", BUILD)]}
        for name, command in asked("server").items():
            yield name, command, client
    if direction in ("server", "both"):
        yield OURS, [installed(target / "conformance-agent", BUILD)], asked("client")


def call(client: list[str], server: Server, binding: str, version: str, log: Path) -> list[dict]:
    """What a client reports of a server."""
    try:
        with log.open("wb") as errors:
            ran = subprocess.run(
                [*client, server.url, binding, version], stdout=subprocess.PIPE, stderr=errors, text=True, timeout=PATIENCE
            )
    except subprocess.TimeoutExpired:
        return [{"what": "in time", "problems": [f"not done after {PATIENCE} s"]}]
    results = [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{")]
    if not results or ran.returncode and not any(result["problems"] for result in results):
        results.append({"what": "to the end", "problems": [f"exit code {ran.returncode}; {log} says why"]})
    return results


def show(result: dict) -> None:
    word = "FAILED" if result["problems"] else "skipped" if "skipped" in result else "ok"
    way = f"{result['client']} with {result['server']} over {result['binding']} {result['version']}"
    print(f"{word:7}  {way}: {result['what']}" + (f" ({result['skipped']})" if "skipped" in result else ""), flush=True)
    for problem in result["problems"]:
        print(f"         {problem}", flush=True)


def run(asked: argparse.Namespace, logs: Path) -> list[dict]:
    results = []
    for name, command, clients in pairs(asked.direction, logs, asked.peer):
        with Server(name, command, logs) as server:
            for client, called in clients.items():
                for binding, version in WAYS:
                    log = logs / f"client-{client}-{binding.replace('+', '-')}-{version}-{name}.log"
                    unknown = version == "0.3" and ONLY_1_0.get(name)
                    skipped = [{"what": "connect", "problems": [], "skipped": unknown}]
                    for result in skipped if unknown else call(called, server, binding, version, log):
                        results.append({"client": client, "server": name, "binding": binding, "version": version, **result})
                        if not asked.json:
                            show(results[-1])
    return results


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--direction", choices=["client", "server", "both"], default="both", help="what of us is tested")
    parser.add_argument("--peer", action="append", help="only this SDK; may be given again")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--logs", type=Path, help="keep what servers and clients write in this folder")
    asked = parser.parse_args()
    logs = asked.logs or Path(tempfile.mkdtemp(prefix="interop-a2a-"))
    logs.mkdir(parents=True, exist_ok=True)
    try:
        results = run(asked, logs)
    except Missing as missing:
        print(f"interop: {missing}", file=sys.stderr)
        return 2
    failed = sum(1 for result in results if result["problems"])
    skipped = sum(1 for result in results if "skipped" in result)
    counts = {"passed": len(results) - failed - skipped, "failed": failed, "skipped": skipped}
    if asked.json:
        print(json.dumps({**counts, "results": results}))
    else:
        print(", ".join(f"{count} {word}" for word, count in counts.items()))
    if failed:
        print(f"interop: what servers and clients wrote is in {logs}", file=sys.stderr)
    elif not asked.logs:
        shutil.rmtree(logs, ignore_errors=True)
    return 1 if failed or not results else 0


if __name__ == "__main__":
    sys.exit(main())
