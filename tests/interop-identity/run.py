#!/usr/bin/env python3
"""Clients of the SPIFFE Workload API by others, unmodified, with our authority.

Starts `io/identity/examples/authority.rs` with identities of 4 s and roots of 16 s, and has py-spiffe do with it what `client.py`
lists. A line for each thing; with `--json` an object at the end. Exit code 1 if anything failed. What it needs is installed by
`scripts/setup.sh --interop-identity`, and built by what `BUILD` says."""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
DOMAIN = "interop.test"
SETUP = "scripts/setup.sh --interop-identity"
BUILD = "cargo build --release --workspace --example authority"
# How long a client may take.
PATIENCE = 120


class Missing(Exception):
    """Something that has to be installed or built first."""


def cache() -> Path:
    """Where `scripts/setup.sh` installs what is no system package."""
    users = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("DUOLOGUE_CI_CACHE") or users / "duologue-ci") / "interop-identity"


def installed(path: Path, how: str) -> Path:
    if not path.exists():
        raise Missing(f"{path} is missing: `{how}` makes it")
    return path


class Authority:
    """Ours, as a child process; ends with its input."""

    def __init__(self, program: Path, allowed: Path, logs: Path):
        self.folder = tempfile.mkdtemp(prefix="authority-")
        self.log = logs / "authority.log"
        self.command = [str(program), f"{self.folder}/state", DOMAIN, str(allowed), "16", "4"]

    def __enter__(self):
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
            )
        self.socket = self.process.stdout.readline().strip()
        if not self.socket:
            self.__exit__()
            raise Missing(f"the authority did not start; {self.log} says why")
        return self

    def __exit__(self, *_) -> None:
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def call(python: Path, authority: Authority, log: Path) -> list[dict]:
    """What the client reports."""
    try:
        with log.open("wb") as errors:
            ran = subprocess.run(
                [str(python), str(HERE / "client.py"), authority.socket, DOMAIN],
                stdout=subprocess.PIPE, stderr=errors, text=True, timeout=PATIENCE,
            )
    except subprocess.TimeoutExpired:
        return [{"what": "in time", "problems": [f"not done after {PATIENCE} s"]}]
    results = [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{")]
    if not results or ran.returncode:
        results.append({"what": "to the end", "problems": [f"exit code {ran.returncode}; {log} says why"]})
    return results


def run(logs: Path) -> list[dict]:
    target = Path(os.environ.get("CARGO_TARGET_DIR") or HERE.parents[1] / "target") / "release/examples"
    python = installed(cache() / "py-spiffe-0.3.2/bin/python", SETUP)
    # The authority tells programs by the files that they are.
    with Authority(installed(target / "authority", BUILD), python.resolve(), logs) as authority:
        return [{"client": "py-spiffe-0.3.2", **result} for result in call(python, authority, logs / "py-spiffe.log")]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--logs", type=Path, help="keep what authority and clients write in this folder")
    asked = parser.parse_args()
    logs = asked.logs or Path(tempfile.mkdtemp(prefix="interop-identity-"))
    logs.mkdir(parents=True, exist_ok=True)
    try:
        results = run(logs)
    except Missing as missing:
        print(f"interop: {missing}", file=sys.stderr)
        return 2
    failed = sum(1 for result in results if result["problems"])
    counts = {"passed": len(results) - failed, "failed": failed}
    if asked.json:
        print(json.dumps({**counts, "results": results}))
    else:
        for result in results:
            print(f"{'FAILED' if result['problems'] else 'ok':7}  {result['client']}: {result['what']}")
            for problem in result["problems"]:
                print(f"         {problem}")
        print(", ".join(f"{count} {word}" for word, count in counts.items()))
    if failed:
        print(f"interop: what authority and clients wrote is in {logs}", file=sys.stderr)
    elif not asked.logs:
        shutil.rmtree(logs, ignore_errors=True)
    return 1 if failed or not results else 0


if __name__ == "__main__":
    sys.exit(main())
