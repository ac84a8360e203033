"""Servers that are measured as child processes, and how what was measured is told. For `a2a/compare.py` and `mtls/compare.py`."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def pin(core: int):
    """Where the machine has two cores, the server has one and the load the other."""
    cores = sorted(os.sched_getaffinity(0))
    return lambda: os.sched_setaffinity(0, {cores[core % len(cores)]})


class Process:
    """A server on the first core, which takes its port as its first argument."""

    def __init__(self, command: list[str], arguments: list[str] = (), environment: dict[str, str] | None = None):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port = listener.getsockname()[1]
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [*command, str(self.port), *arguments], env={**os.environ, **(environment or {}), "PORT": str(self.port)},
            preexec_fn=pin(0), stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
        )
        until = time.monotonic() + 60
        while time.monotonic() < until and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)
        self.stop()
        self.log.seek(0)
        sys.exit(f"bench: {self.process.args} did not start: {self.log.read()[-2000:].decode(errors='replace')}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.process.kill()
        self.process.wait()

    def cpu_s(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def print_table(rows: list[tuple]) -> None:
    widths = [max(len(str(row[column])) for row in rows) for column in range(len(rows[0]))]
    for number, row in enumerate(rows):
        print("  ".join(str(cell).ljust(width) for cell, width in zip(row, widths)).rstrip())
        if number == 0:
            print("-" * (sum(widths) + 2 * len(widths) - 2))
    print()


def print_bars(wanted: list[tuple[str, float, float, bool]], form: str, refused: int) -> int:
    """Prints each bar, (words, value, bar, whether the value is to be at least the bar), with what was measured; how many were missed."""
    missed = 0
    for words, value, bar, at_least in wanted:
        held = value >= bar if at_least else value <= bar
        missed += not held
        sign = ">=" if at_least else "<="
        print(f"  {'held  ' if held else 'MISSED'}  {words}: {value:{form}} (bar {sign} {bar:{form}})")
    print(f"  {'MISSED' if refused else 'held  '}  calls that were refused: {refused}")
    return missed + bool(refused)
