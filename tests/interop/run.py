#!/usr/bin/env python3
"""LiveKit's own clients and workers, unmodified, on a server: `run.py --server livekit|embedded`, or both.

Starts the server on free ports, lets every client join one room, and tells of each pair whether both heard the other's tone
in the spectrum, and whether messages, texts and calls came through. Then the server API's clients, and a worker of
livekit-agents. A line each; with `--json` an object at the end. Exit code 1 if anything failed. What it needs is installed by
`scripts/setup.sh --interop`."""

import argparse
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

import conversation
import network
import pairs
import worker
from clients import Missing, Toolbox
from servers import SERVERS


class Report:
    """Lines for people, or one object for scripts."""

    def __init__(self, as_json: bool):
        self.as_json, self.results = as_json, []

    def add(self, server: str, what: str, problems: list[str], seconds: float) -> None:
        self.results.append({"server": server, "what": what, "problems": problems, "seconds": round(seconds, 1)})
        if not self.as_json:
            print(f"{'FAILED' if problems else 'ok':6}  {seconds:5.1f} s  {server}: {what}", flush=True)
            for problem in problems:
                print(f"                  {problem}", flush=True)

    def end(self) -> int:
        failed = sum(1 for result in self.results if result["problems"])
        if self.as_json:
            print(json.dumps({"passed": len(self.results) - failed, "failed": failed, "results": self.results}))
        else:
            print(f"{len(self.results) - failed} passed, {failed} failed")
        return 1 if failed or not self.results else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--server", choices=sorted(SERVERS), action="append", help="only this one; may be given again")
    parser.add_argument("--only", choices=["pairs", "dual", "worker", "conversation"], action="append", help="only this part")
    parser.add_argument("--clients", default="", help="only these, with commas between")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--logs", type=Path, help="keep what everybody writes in this folder")
    asked = parser.parse_args()
    network.ensure_address()
    report = Report(asked.json)
    logs = asked.logs or Path(tempfile.mkdtemp(prefix="interop-"))
    logs.mkdir(parents=True, exist_ok=True)
    parts = asked.only or ["pairs", "dual", "worker", "conversation"]
    try:
        toolbox = Toolbox(logs)
        clients = toolbox.clients([name for name in asked.clients.split(",") if name])
        for name in asked.server or sorted(SERVERS):
            with SERVERS[name](logs / name) as server:
                if "pairs" in parts:
                    pairs.run(server, toolbox, clients, report, single=True)
                if "dual" in parts:
                    pairs.run(server, toolbox, clients, report, single=False)
                if "worker" in parts:
                    worker.run(server, toolbox, report)
                if "conversation" in parts:
                    conversation.run(server, toolbox, report)
    except Missing as missing:
        print(f"interop: {missing}", file=sys.stderr)
        return 2
    failed = report.end()
    if failed:
        print(f"interop: what everybody wrote is in {logs}", file=sys.stderr)
    elif not asked.logs:
        shutil.rmtree(logs, ignore_errors=True)
    return failed


if __name__ == "__main__":
    os.chdir(Path(__file__).parent)
    sys.exit(main())
