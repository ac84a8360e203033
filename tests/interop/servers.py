"""The servers: livekit-server itself, and the one in Duologue. Each is started on free ports and stopped at the end."""

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from clients import Missing, cache, target
from network import address, free_port

KEY, SECRET = "devkey", "a-secret-of-at-least-32-characters"
LIVEKIT_VERSION = "1.13.5"


class Server:
    """A server as a child process."""

    name = ""
    # livekit-server lists a job as running for as long as the room is there.
    lists_what_became_of_jobs = True

    def __init__(self, logs: Path):
        logs.mkdir(parents=True, exist_ok=True)
        self.port, self.logs = free_port(), logs
        self.url = f"ws://127.0.0.1:{self.port}"
        self.environment = {
            "LIVEKIT_URL": self.url, "LIVEKIT_API_KEY": KEY, "LIVEKIT_API_SECRET": SECRET,
        }

    def command(self) -> list[str]:
        raise NotImplementedError

    def surroundings(self) -> dict[str, str]:
        """Of the server itself: with an address, Duologue would use the rooms there."""
        around = {**os.environ, **self.environment}
        del around["LIVEKIT_URL"]
        return around

    def __enter__(self):
        with (self.logs / "server.log").open("wb") as log:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=self.surroundings(), cwd=self.logs,
            )
        until = time.monotonic() + 30
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return self
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.05)
        self.__exit__()
        raise Missing(f"{self.name} did not start; {self.logs / 'server.log'} says why")

    def __exit__(self, *_) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class LiveKit(Server):
    """livekit-server, as `scripts/setup.sh --livekit-server` installs it, or on the path."""

    name = f"livekit-server {LIVEKIT_VERSION}"
    lists_what_became_of_jobs = False

    def command(self) -> list[str]:
        program = cache() / f"tools/bin/livekit-server-{LIVEKIT_VERSION}"
        if not program.exists():
            program = shutil.which("livekit-server")
        if not program:
            raise Missing("no livekit-server is here: `scripts/setup.sh --livekit-server` installs it")
        config = self.logs / "livekit.yaml"
        config.write_text(
            f"port: {self.port}\nbind_addresses: [127.0.0.1]\nkeys: {{{KEY}: {SECRET}}}\n"
            f"rtc: {{tcp_port: {free_port()}, udp_port: {free_port(socket.SOCK_DGRAM)}, node_ip: {address()}, use_external_ip: false}}\n"
        )
        return [str(program), "--config", str(config)]


class Embedded(Server):
    """The room server in Duologue, as `duologue up` starts it."""

    name = "duologue"

    def command(self) -> list[str]:
        program = target() / "release/duologue"
        if not program.exists():
            raise Missing(f"{program} is not built: `cargo build --release --workspace --bin duologue`")
        ports = ["--port", "0", "--rooms-port", str(self.port), "--media-port", str(free_port(socket.SOCK_DGRAM))]
        return [str(program), "--home", str(self.logs / "home"), "up", "--no-agents", *ports]


SERVERS = {"livekit": LiveKit, "embedded": Embedded}
