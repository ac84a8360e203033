#!/usr/bin/env python3
"""Runs Duologue's voice sessions and livekit-agents' beside each other, alternately, and prints figures and ratios.

Both programs get the same sentences, the same instant fakes for speech recognition, language model and synthesis, and
one 20 ms frame per session every 20 ms; both are pinned to the same single core. Standard library only.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent

# The fakes give a transcript after 350 ms without energy, so in 20 ms frames nobody can answer before this.
FLOOR_MS = 360.0

# What both sides are compared by: key in the JSON of a run, words for the table, whether less is better.
MEASURES = [
    ("cpu_ms_per_session_s", "CPU ms per session-second", True),
    ("sessions_per_core_by_cpu", "sessions per core (by CPU)", False),
    ("mib_per_session_after_run", "MiB per session after the run", True),
    ("turn_ms.p50", "turn p50, ms", True),
    ("turn_ms.p95", "turn p95, ms", True),
    ("tick_lag_ms.p99", "harness tick lag p99, ms", True),
]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours", type=Path, help="our load generator: called as `OURS single N SECS vad` and `OURS bargein REPS`")
    parser.add_argument("--rounds", type=int, default=2, help="rounds of both sides, alternating (default 2)")
    parser.add_argument("--seconds", type=int, default=42, help="audio of one run (default 42)")
    parser.add_argument("--sessions", default="1,16", help="sessions at once, for both sides (default 1,16)")
    parser.add_argument("--packed", type=int, default=300, help="sessions at once, for our side alone (default 300)")
    parser.add_argument("--barge-ins", type=int, default=8, help="repetitions of the barge-in run (default 8)")
    parser.add_argument("--json", type=Path, help="also write every run to this file")
    parser.add_argument("--check", action="store_true", help="exit 1 when one of our bars is missed")
    return parser.parse_args()


def main():
    options = arguments()
    sides = {"livekit-agents": [str(HERE / "peer.sh")]}
    subprocess.run([*sides["livekit-agents"], "--prepare"], check=True)
    if options.ours:
        sides["duologue"] = [str(options.ours)]
    else:
        print("bench: no --ours given, so only the peer is measured", file=sys.stderr)
    print(f"machine: {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before the first run (wall times need an idle one)")

    runs = measure(options, sides)
    if options.json:
        options.json.write_text(json.dumps(runs, indent=1) + "\n")
    print(table(runs, sorted({run["sessions"] for run in runs if run["kind"] == "single"})))
    missed = bars(runs) if options.ours else 0
    return 1 if missed and options.check else 0


def measure(options, sides):
    """Runs everything; one entry per run: side, kind, sessions, figures."""
    runs = []
    for round_number in range(1, options.rounds + 1):
        for sessions in (int(text) for text in options.sessions.split(",")):
            # The side that begins changes with the round: what warms up or tires the machine hits both.
            order = list(sides) if round_number % 2 else list(reversed(sides))
            for side in order:
                runs.append(single(options, sides, side, sessions, round_number))
        if "duologue" in sides:
            runs.append(single(options, sides, "duologue", options.packed, round_number))
        for side in sides:
            harness = ["lk_bargein.py"] if side == "livekit-agents" else ["bargein"]
            figures = run([*sides[side], *harness, str(options.barge_ins)], options.barge_ins * 30 + 60)
            runs.append({"side": side, "kind": "bargein", "sessions": 1, "round": round_number, "figures": figures})
    return runs


def single(options, sides, side, sessions, round_number):
    print(f"round {round_number}: {side}, {sessions} sessions, {options.seconds} s", file=sys.stderr)
    harness = ["lk_audio.py"] if side == "livekit-agents" else []
    command = [*sides[side], *harness, "single", str(sessions), str(options.seconds), "vad"]
    # The peer waits up to 2 s for each session that it closes.
    figures = run(command, options.seconds * 3 + 120 + sessions * 3)
    return {"side": side, "kind": "single", "sessions": sessions, "round": round_number, "figures": figures}


def run(command, limit_s):
    """Runs one program on one core and reads the JSON object that is its last line."""
    core = max(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
    pin = (lambda: os.sched_setaffinity(0, {core})) if core is not None else None
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=limit_s, preexec_fn=pin)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode != 0 or not lines:
        sys.exit(f"bench: `{' '.join(command)}` exited with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return json.loads(lines[-1])


def figure(figures, key):
    """The value at a dotted key, or None."""
    for part in key.split("."):
        figures = (figures or {}).get(part)
    return figures


def median(runs, side, kind, sessions, key):
    """The median over the rounds, or None where nothing was measured."""
    chosen = [run for run in runs if (run["side"], run["kind"], run["sessions"]) == (side, kind, sessions)]
    values = [value for value in (figure(run["figures"], key) for run in chosen) if value is not None]
    return statistics.median(values) if values else None


def table(runs, session_counts):
    rows = [("measure", "sessions", "livekit-agents", "duologue", "ratio")]
    for sessions in session_counts:
        for key, words, less_is_better in MEASURES:
            rows.append(row(runs, "single", sessions, key, words, less_is_better))
    rows.append(row(runs, "bargein", 1, "time_to_yield_ms.p50", "barge-in to silence p50, ms", True))
    rows.append(row(runs, "bargein", 1, "reply_after_barge_ms.p50", "reply after barge-in p50, ms", True))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
    return "\n".join(["", lines[0], "-" * len(lines[0]), *lines[1:], ""])


def row(runs, kind, sessions, key, words, less_is_better):
    peer = median(runs, "livekit-agents", kind, sessions, key)
    ours = median(runs, "duologue", kind, sessions, key)
    ratio = ""
    if peer and ours:
        better = peer / ours if less_is_better else ours / peer
        ratio = f"{better:.1f} x better" if better >= 1 else f"{1 / better:.1f} x worse"
    shown = ["-" if value is None else f"{value:g}" for value in (peer, ours)]
    return (words, str(sessions), *shown, ratio)


def bars(runs):
    """Prints each bar with what was measured; returns how many were missed."""
    counts = sorted({run["sessions"] for run in runs if (run["side"], run["kind"]) == ("duologue", "single")})
    crowd = counts[-1]
    floor = median(runs, "duologue", "single", crowd, "turn_floor_ms") or FLOOR_MS
    wanted = [("CPU ms per session-second, VAD on", "cpu_ms_per_session_s", n, "<=", 2.0) for n in counts]
    wanted += [("MiB per session", "mib_per_session_after_run", n, "<=", 1.0) for n in counts if n > 1]
    wanted += [
        ("sessions per core by CPU", "sessions_per_core_by_cpu", crowd, ">=", 300.0),
        (f"turn p95, floor {floor:g} ms + 20 ms", "turn_ms.p95", crowd, "<=", floor + 20.0),
    ]
    missed = 0
    print("bars of our side:")
    for words, key, sessions, sign, bar in wanted:
        value = median(runs, "duologue", "single", sessions, key)
        held = value is not None and (value <= bar if sign == "<=" else value >= bar)
        missed += not held
        print(f"  {'held  ' if held else 'MISSED'}  {words}, {sessions} sessions: {value} (bar {sign} {bar:g})")
    timer = median(runs, "duologue", "single", counts[0], "timer_cpu_ms_per_s")
    print(f"waking an empty process every 20 ms costs this machine {timer} ms of CPU per second: part of a session alone")
    return missed


if __name__ == "__main__":
    sys.exit(main())
