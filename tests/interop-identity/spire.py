#!/usr/bin/env python3
"""Agents of ours with identities of a real SPIRE.

Starts SPIRE's server and agent (`scripts/setup.sh --spire`), with SVIDs of 30 s and a certificate authority of 3 min, registers two
agents by user, and has the one call the other for four minutes, on new connections and on kept ones, by every binding, while both
their identities and the authority change. No call may fail. Exit code 1 if one did, 2 if something is missing."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
VERSION = "1.15.3"
DOMAIN = "spire.test"
SETUP = "scripts/setup.sh --spire"
BUILD = "cargo build --release --workspace --example spiffe_pair"
SECONDS = int(os.environ.get("DUOLOGUE_SPIRE_SECONDS", "240"))
PATIENCE = 60

SERVER = """
server {{
  bind_address = "127.0.0.1"
  bind_port = "{port}"
  socket_path = "{folder}/server.sock"
  trust_domain = "{domain}"
  data_dir = "{folder}/server"
  log_level = "INFO"
  ca_ttl = "3m"
  default_x509_svid_ttl = "30s"
}}
plugins {{
  DataStore "sql" {{ plugin_data {{ database_type = "sqlite3", connection_string = "{folder}/server/data.sqlite3" }} }}
  NodeAttestor "join_token" {{ plugin_data {{}} }}
  KeyManager "memory" {{ plugin_data {{}} }}
}}
"""
AGENT = """
agent {{
  data_dir = "{folder}/agent"
  log_level = "INFO"
  server_address = "127.0.0.1"
  server_port = "{port}"
  socket_path = "{folder}/agent.sock"
  insecure_bootstrap = true
  trust_domain = "{domain}"
}}
plugins {{
  NodeAttestor "join_token" {{ plugin_data {{}} }}
  KeyManager "memory" {{ plugin_data {{}} }}
  WorkloadAttestor "unix" {{ plugin_data {{}} }}
}}
"""


class Missing(Exception):
    """Something that has to be installed or built first."""


def installed(path: Path, how: str) -> Path:
    if not path.exists():
        raise Missing(f"{path} is missing: `{how}` makes it")
    return path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Spire:
    """Server and agent, as child processes."""

    def __init__(self, tools: Path, folder: Path):
        self.server, self.agent = (installed(tools / f"spire-{part}-{VERSION}", SETUP) for part in ("server", "agent"))
        self.folder, self.port, self.children = folder, free_port(), []

    def start(self, name: str, command: list[str]) -> None:
        with (self.folder / f"{name}.log").open("wb") as log:
            self.children.append(subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL))

    def ask(self, *words: str) -> str:
        command = [str(self.server), *words, "-socketPath", f"{self.folder}/server.sock"]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE).stdout

    def until(self, what: str, is_so) -> None:
        end = time.monotonic() + PATIENCE
        while not is_so():
            if time.monotonic() > end or any(child.poll() is not None for child in self.children):
                raise Missing(f"{what} did not come; the logs in {self.folder} say why")
            time.sleep(0.2)

    def __enter__(self):
        for part, text in (("server", SERVER), ("agent", AGENT)):
            (self.folder / part).mkdir()
            text = text.format(folder=self.folder, port=self.port, domain=DOMAIN)
            (self.folder / f"{part}.conf").write_text(text)
        self.start("server", [str(self.server), "run", "-config", f"{self.folder}/server.conf"])

        def healthy() -> bool:
            try:
                self.ask("healthcheck")
                return True
            except subprocess.SubprocessError:
                return False

        self.until("the server", healthy)
        node = f"spiffe://{DOMAIN}/node"
        token = re.search(r"Token: (\S+)", self.ask("token", "generate", "-spiffeID", node)).group(1)
        self.start("agent", [str(self.agent), "run", "-config", f"{self.folder}/agent.conf", "-joinToken", token])
        for name in ("worker", "caller"):
            self.ask(
                "entry", "create", "-parentID", node, "-spiffeID", f"spiffe://{DOMAIN}/{name}",
                "-selector", f"unix:uid:{os.getuid()}", "-x509SVIDTTL", "30",
            )
        self.until("the agent", lambda: (self.folder / "agent.sock").exists())
        return self

    def __exit__(self, *_) -> None:
        for child in reversed(self.children):
            child.terminate()
        for child in self.children:
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def run(spire: Spire, pair: Path) -> dict:
    worker, caller = (f"spiffe://{DOMAIN}/{name}" for name in ("worker", "caller"))
    env = {**os.environ, "SPIFFE_ENDPOINT_SOCKET": f"unix://{spire.folder}/agent.sock", "RUST_LOG": "warn"}
    with (spire.folder / "worker.log").open("wb") as log:
        serving = subprocess.Popen(
            [str(pair), "serve", worker, caller], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
        )
    try:
        url = serving.stdout.readline().strip()
        if not url:
            raise Missing(f"the worker did not start; {spire.folder}/worker.log says why")
        with (spire.folder / "caller.log").open("wb") as log:
            calling = subprocess.run(
                [str(pair), "call", caller, worker, url, str(SECONDS)],
                env=env, stdout=subprocess.PIPE, stderr=log, text=True, timeout=SECONDS + PATIENCE,
            )
        if calling.returncode:
            raise Missing(f"the caller failed; {spire.folder}/caller.log says why")
        return json.loads(calling.stdout)
    finally:
        serving.stdin.close()
        serving.wait(30)


def main() -> int:
    users = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    tools = Path(os.environ.get("DUOLOGUE_CI_CACHE") or users / "duologue-ci") / "tools/bin"
    target = Path(os.environ.get("CARGO_TARGET_DIR") or HERE.parents[1] / "target") / "release/examples"
    folder = Path(tempfile.mkdtemp(prefix="spire-"))
    try:
        pair = installed(target / "spiffe_pair", BUILD)
        with Spire(tools, folder) as spire:
            told = run(spire, pair)
    except Missing as missing:
        print(f"spire: {missing}", file=sys.stderr)
        return 2
    print(json.dumps(told))
    # Half of an SVID's time is 15 s; an authority is made at half of its time.
    good = not told["failed"] and told["made"] > SECONDS and told["svids"] >= SECONDS // 30 and told["roots"] >= 1 + SECONDS // 120
    if good:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        print(f"spire: what was written is in {folder}", file=sys.stderr)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
