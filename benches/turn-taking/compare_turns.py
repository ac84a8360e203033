#!/usr/bin/env python3
"""Plays the same scenes to Duologue's sessions and to livekit-agents' and prints who took turns how well, with ratios.

The peer runs in real time, many sessions at once, on one core; ours in virtual time. Needs a quiet machine: the peer's
sessions answer late where the machine is busy, and the last lines say so. Standard library only.
"""
import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "voice"))
import picture  # noqa: E402
import score  # noqa: E402
from compare import run as pinned  # noqa: E402

PEER = HERE.parent / "voice" / "peer.sh"
CACHE = Path(os.environ.get("DUOLOGUE_BENCH_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "duologue/bench")
# Ticks of the peer's harness that come later than this shift what it measures.
LATE_MS = 40
# With its local end-of-turn model more sessions than this come late on one core.
WITH_MODEL = 12
WORDLESS = ("tic", "noise", "aside")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours", type=Path, required=True, help="the program duologue-turn-taking")
    parser.add_argument("--each", type=int, default=1, help="only every Nth event, while developing")
    parser.add_argument("--sessions", type=int, default=40, help="sessions of the peer at once (default 40; with its model 12)")
    parser.add_argument("--durations", default="0.2,0.35,0.7,0.9", help="further minimum durations of an interruption, s")
    parser.add_argument("--delays", default="0.3,0.7,1.0", help="further minimum delays of an end of turn, s")
    parser.add_argument("--folder", type=Path, default=CACHE / "turn-taking", help="for scenes, tracks, figures, picture")
    parser.add_argument("--keep", action="store_true", help="take tracks that are there instead of playing again")
    return parser.parse_args()


def main():
    options = arguments()
    subprocess.run([PEER, "--prepare"], check=True)
    scenes_folder = options.folder / f"scenes-{options.each}"
    subprocess.run([PEER, HERE / "scenes.py", scenes_folder, "--each", str(options.each)], check=True, env={**os.environ, "PYTHONWARNINGS": "ignore"})
    scenes = json.loads((scenes_folder / "scenes.json").read_text())
    runs = {name: play(options, scenes_folder, scenes, name, *what) for name, what in plan(options).items()}

    columns = ["livekit-agents, vad", "livekit-agents, default", "duologue"]
    tables = {name: score.figures(runs[name]["outcomes"]) for name in columns}
    print(table(columns, tables))
    curves = trade_offs(options, runs)
    print(matched(curves["interruption"], "mean time to yield", "false interruptions"))
    print(matched(curves["wordless"], "mean time to yield", "false interruptions without words to this agent"))
    print(matched(curves["endpointing"], "response latency p50", "answered too soon"))
    late = {name: run["tick_lag_ms"]["p99"] for name, run in runs.items() if run.get("tick_lag_ms", {}).get("p99", 0) > LATE_MS}
    print(f"NOT VALID for the peer: ticks were late, ms at p99: {late}" if late else f"the peer's ticks came in time, within {LATE_MS} ms at p99")
    keep = {"figures": tables, "curves": curves, "late": late, "events": len(scenes)}
    (options.folder / "figures.json").write_text(json.dumps(keep, indent=1) + "\n")
    (options.folder / "turn-taking.svg").write_text(picture.svg(curves))
    print(f"figures and picture: {options.folder}/figures.json, {options.folder}/turn-taking.svg")


def numbers(text):
    return [float(part) for part in text.split(",") if part]


def plan(options):
    """All runs: name, side, what differs from its defaults."""
    vad = {"turn": "vad", "min_duration": 0.5, "min_words": 0}
    runs = {
        "duologue": ("duologue", {}),
        "livekit-agents, vad": ("livekit-agents", vad),
        "livekit-agents, default": ("livekit-agents", {**vad, "turn": "default"}),
        "livekit-agents, 2 words": ("livekit-agents", {**vad, "min_words": 2, "role": "over"}),
    }
    for seconds in numbers(options.durations):
        runs[f"duologue, {seconds} s"] = ("duologue", {"min_duration": seconds, "role": "over"})
        runs[f"livekit-agents, {seconds} s"] = ("livekit-agents", {**vad, "min_duration": seconds, "role": "over"})
    for seconds in numbers(options.delays):
        runs[f"duologue, after {seconds} s"] = ("duologue", {"min_delay": seconds, "role": "turn"})
        runs[f"livekit-agents, after {seconds} s"] = ("livekit-agents", {**vad, "min_delay": seconds, "role": "turn"})
    return runs


def play(options, scenes_folder, scenes, name, side, changes):
    tracks = options.folder / f"tracks-{options.each}" / name.replace(", ", "-").replace(" ", "")
    done = tracks / "run.json"
    if not (options.keep and done.exists()):
        print(f"{name}: {json.dumps(changes)}", file=sys.stderr)
        program = [options.ours] if side == "duologue" else [PEER, HERE / "lk_turns.py"]
        sessions = min(options.sessions, WITH_MODEL) if changes.get("turn") == "default" else options.sessions
        extra = [] if side == "duologue" else [str(sessions)]
        figures = pinned([*map(str, program), str(scenes_folder), str(tracks), json.dumps(changes), *extra], 1_800)
        done.write_text(json.dumps(figures))
    return {**json.loads(done.read_text()), "outcomes": score.outcomes(scenes, tracks)}


def table(columns, tables):
    cell = lambda f, unit: "-" if f[0] is None else f"{f[0]:.0f} {unit} [{f[1]:.0f}, {f[2]:.0f}]"
    rows = [("measure [95 % interval]", *columns, "ratio to vad")]
    for name, unit, _, less in score.FIGURES:
        ours, peer = tables[columns[2]][name][0], tables[columns[0]][name][0]
        rows.append((name, *(cell(tables[column][name], unit) for column in columns), ratio(peer, ours, less)))
    widths = [max(len(row[n]) for row in rows) for n in range(5)]
    lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip() for row in rows]
    return "\n".join(["", lines[0], "-" * len(lines[0]), *lines[1:], ""])


def ratio(peer, ours, less_is_better):
    if peer is None or ours is None or peer == ours:
        return "equal" if peer == ours else ""
    good, bad = (ours, peer) if less_is_better else (peer, ours)
    if good == 0 or bad == 0:
        return "none at all" if (ours == 0) == less_is_better else "none of the peer's"
    return f"{bad / good:.2f} x better" if bad >= good else f"{good / bad:.2f} x worse"


def trade_offs(options, runs):
    """For each question and side, points of rate in % and time in ms, with the setting in s."""
    sides = ["livekit-agents", "duologue"]
    main_run = {"livekit-agents": "livekit-agents, vad", "duologue": "duologue"}
    point = lambda seconds, pair: {"setting": seconds, "time": pair[0], "rate": pair[1]}
    curves = {"interruption": {}, "wordless": {}, "endpointing": {}}
    for side in sides:
        steps = [(0.5, main_run[side]), *((s, f"{side}, {s} s") for s in numbers(options.durations))]
        for curve, kinds in (("interruption", ()), ("wordless", WORDLESS)):
            curves[curve][side] = [point(s, score.trade_off(runs[name]["outcomes"], *kinds)) for s, name in sorted(steps)]
        steps = [(0.5, main_run[side]), *((s, f"{side}, after {s} s") for s in numbers(options.delays))]
        curves["endpointing"][side] = [point(s, score.answering(runs[name]["outcomes"])) for s, name in sorted(steps)]
    curves["interruption"]["livekit-agents, 2 words"] = [point(0.5, score.trade_off(runs["livekit-agents, 2 words"]["outcomes"]))]
    return curves


def matched(curve, time, rate):
    """Our time where our rate is the peer's, between the points of our curve; outside it, our nearest point that is no worse."""
    ours = sorted(curve["duologue"], key=lambda p: p["rate"])
    lines = [f"{time} at the same rate of {rate}:"]
    for peer in curve["livekit-agents"]:
        found = at_rate(ours, peer["rate"])
        if found is None:
            lines.append(f"  {peer['rate']:5.1f} %  livekit-agents ({peer['setting']} s) {peer['time']:5.0f} ms, duologue never so low")
            continue
        time_ms, reached = found
        note = "" if reached == peer["rate"] else f" (at {reached:.1f} %)"
        lines.append(f"  {peer['rate']:5.1f} %  livekit-agents ({peer['setting']} s) {peer['time']:5.0f} ms, duologue {time_ms:5.0f} ms{note}: {ratio(peer['time'], time_ms, True)}")
    return "\n".join(lines)


def at_rate(points, rate):
    """Time and the rate that it holds for; the points are sorted by rate."""
    below = [p for p in points if p["rate"] <= rate]
    above = [p for p in points if p["rate"] > rate]
    if not below:
        return None
    low = min(below, key=lambda p: p["time"])
    if not above:
        return low["time"], low["rate"]
    a, b = below[-1], above[0]
    share = (rate - a["rate"]) / (b["rate"] - a["rate"])
    return min((a["time"] + share * (b["time"] - a["time"]), rate), (low["time"], low["rate"]))


if __name__ == "__main__":
    main()
