#!/usr/bin/env python3
"""Our client with the servers of A2A's SDKs, unmodified: `run.py --direction client`.

Starts each server on free ports and does with it what clients do, over every binding and version that it speaks
(`io/gateway/examples/a2a_client.rs`). A line for each thing; with `--json` an object at the end. Exit code 1 if anything failed.
What it needs is installed by `scripts/setup.sh --interop-a2a`, and built by
`cargo build --release --workspace --example a2a_client`."""

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


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class Server:
    """An SDK's server as a child process."""

    def __init__(self, name: str, command: list[str], logs: Path):
        self.name, self.port, self.log = name, free_port(), logs / f"{name}.log"
        self.command = [*command, str(self.port), str(free_port())]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
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


def servers(logs: Path) -> dict[str, list[str]]:
    """By name, how each is started."""
    setup = "scripts/setup.sh --interop-a2a"
    node = shutil.which("node")
    if not node:
        raise Missing("no Node.js is here: install version 20 or newer")
    # Node looks for packages beside the program.
    scripts = logs / "scripts"
    scripts.mkdir(parents=True, exist_ok=True)
    shutil.copy(HERE / "servers/server.mjs", scripts)
    (scripts / "node_modules").unlink(missing_ok=True)
    (scripts / "node_modules").symlink_to(installed(cache() / "node/node_modules", setup))
    return {
        "a2a-sdk-1.3.0": [installed(cache() / "a2a-sdk-1.3.0/bin/python", setup), str(HERE / "servers/server.py")],
        "a2a-js-sdk-1.3.0": [node, str(scripts / "server.mjs")],
    }


def call(client: str, server: Server, binding: str, version: str) -> list[dict]:
    """What our client reports of a server."""
    try:
        ran = subprocess.run([client, server.url, binding, version], capture_output=True, text=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return [{"what": "in time", "problems": [f"not done after {PATIENCE} s"]}]
    results = [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{")]
    if not results:
        results = [{"what": "start", "problems": [ran.stderr.strip()[-500:] or f"exit code {ran.returncode}"]}]
    return results


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--direction", choices=["client"], default="client", help="whose client is ours")
    parser.add_argument("--server", action="append", help="only this one; may be given again")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--logs", type=Path, help="keep what the servers write in this folder")
    asked = parser.parse_args()
    logs = asked.logs or Path(tempfile.mkdtemp(prefix="interop-a2a-"))
    logs.mkdir(parents=True, exist_ok=True)
    target = Path(os.environ.get("CARGO_TARGET_DIR") or HERE.parents[1] / "target")
    results = []
    try:
        client = installed(target / "release/examples/a2a_client", "cargo build --release --workspace --example a2a_client")
        for name, command in servers(logs).items():
            if asked.server and name not in asked.server:
                continue
            with Server(name, command, logs) as server:
                for binding, version in WAYS:
                    for result in call(client, server, binding, version):
                        results.append({"server": name, "binding": binding, "version": version, **result})
                        if not asked.json:
                            word = "FAILED" if result["problems"] else "ok"
                            print(f"{word:6}  {name} over {binding} {version}: {result['what']}", flush=True)
                            for problem in result["problems"]:
                                print(f"        {problem}", flush=True)
    except Missing as missing:
        print(f"interop: {missing}", file=sys.stderr)
        return 2
    failed = sum(1 for result in results if result["problems"])
    if asked.json:
        print(json.dumps({"passed": len(results) - failed, "failed": failed, "results": results}))
    else:
        print(f"{len(results) - failed} passed, {failed} failed")
    if failed:
        print(f"interop: what the servers wrote is in {logs}", file=sys.stderr)
    elif not asked.logs:
        shutil.rmtree(logs, ignore_errors=True)
    return 1 if failed or not results else 0


if __name__ == "__main__":
    sys.exit(main())
