"""The clients: how each is started, joins, and reports."""

import base64
import hashlib
import hmac
import json
import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
# How long a client waits for all that it expects.
PATIENCE = 60


class Missing(Exception):
    """Something that has to be installed first."""


def cache() -> Path:
    """Where `scripts/setup.sh` installs what is no system package."""
    users = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("DUOLOGUE_CI_CACHE") or users / "duologue-ci")


def target() -> Path:
    """Where cargo builds."""
    return Path(os.environ.get("CARGO_TARGET_DIR") or HERE.parents[1] / "target")


def token(key: str, secret: str, identity: str, room: str) -> str:
    """An access token for a room (a JSON web token, HS256)."""

    def text(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    video = {"roomJoin": True, "room": room, "canUpdateOwnMetadata": True}
    claims = {"iss": key, "sub": identity, "name": identity, "nbf": int(time.time()) - 10, "exp": int(time.time()) + 600, "video": video}
    signed = text(b'{"alg":"HS256","typ":"JWT"}') + "." + text(json.dumps(claims).encode())
    return signed + "." + text(hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest())


@dataclass
class Client:
    """A kind of client."""

    name: str
    words: str
    command: list[str]
    tone: int
    # Whether one can choose between one peer connection and two.
    can_choose: bool = True


class Toolbox:
    """What `scripts/setup.sh --interop` has installed."""

    def __init__(self, logs: Path):
        self.logs = logs
        self.python = self.installed("livekit-1.2.0/bin/python")
        self.agents = self.installed("livekit-agents-1.8.9/bin/python")
        modules = self.installed("node/node_modules")
        # Node looks for packages beside the program.
        self.scripts = logs / "scripts"
        self.scripts.mkdir(exist_ok=True)
        for file in [*HERE.glob("*.mjs"), HERE / "page.html"]:
            shutil.copy(file, self.scripts)
        (self.scripts / "node_modules").unlink(missing_ok=True)
        (self.scripts / "node_modules").symlink_to(modules)
        self.node = shutil.which("node")
        if not self.node:
            raise Missing("no Node.js is here: install version 20 or newer")

    def installed(self, name: str) -> str:
        path = cache() / "interop" / name
        if not path.exists():
            raise Missing(f"{path} is missing: `scripts/setup.sh --interop` installs it")
        return str(path)

    def environment(self, server) -> dict[str, str]:
        """For programs that ask a server."""
        return {**os.environ, **server.environment, "PYTHONDONTWRITEBYTECODE": "1"}

    def built(self, example: str) -> str:
        program = target() / "release/examples" / example
        if not program.exists():
            raise Missing(f"{program} is missing: `cargo build --release --workspace --example {example}`")
        return str(program)

    def clients(self, only: list[str]) -> list[Client]:
        node = lambda script: [self.node, str(self.scripts / script)]
        known = [
            Client("python", "livekit (Python) 1.2.0", [self.python, str(HERE / "peer.py")], 441),
            Client("python-1.1", "livekit (Python) 1.1.21", [self.agents, str(HERE / "peer.py")], 624),
            Client("node", "@livekit/rtc-node 1.1.0", node("peer.mjs"), 882, can_choose=False),
            Client("browser", "livekit-client 2.23.0 in Chromium", node("browser.mjs"), 1_248),
        ]
        if not only or "duologue" in only:
            known.append(Client("duologue", "duologue's own client", [self.built("peer")], 2_496))
        return [client for client in known if not only or client.name in only]


def chromium() -> str:
    for name in ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]:
        if found := os.environ.get("CHROMIUM") or shutil.which(name):
            return found
    raise Missing("no Chromium is here: `scripts/setup.sh --browser` installs it")


class Running:
    """A client as a child process: it reports once, and leaves when it is told to."""

    def __init__(self, client: Client, server, toolbox: Toolbox, asked: dict, log: Path):
        self.client = client
        with log.open("wb") as log:
            self.process = subprocess.Popen(
                [*client.command, json.dumps({"url": server.url, "patience": PATIENCE, **asked})],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
                env={**toolbox.environment(server), "CHROMIUM": chromium()},
            )

    def report(self) -> dict:
        """What it got; nothing where it broke off."""
        # Other lines are a library's.
        for line in self.process.stdout:
            if line.startswith("{") and "others" in (report := json.loads(line)):
                return report
        return {}

    def leave(self) -> None:
        self.process.stdin.close()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
