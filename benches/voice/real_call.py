#!/usr/bin/env python3
"""Holds real calls with the local models and prints how long an answer took, by stage. Standard library only.

The bar of an idle machine with two processors: half of all answers within 2.5 s of the end of the other's speech.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

BAR_MS = 2500.0
# Key in the metrics of a turn, words for the table. The stages follow each other and add up to the session's own view of
# the wait; the last row is what the recording says.
STAGES = [
    ("end_of_turn_delay_ms", "end of speech to end of turn (recognition included)"),
    ("llm_ttfs_ms", "end of turn to the first clause of text"),
    ("tts_ttfb_ms", "first clause to first audio"),
    ("e2e_latency_ms", "whole turn, as the session sees it"),
]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--duologue", type=Path, required=True, help="the program")
    parser.add_argument("--scenario", default="scenarios/internet-outage.yaml")
    parser.add_argument("--seeds", default="1,2", help="one call each (default 1,2)")
    parser.add_argument("--check", action="store_true", help="exit 1 when the bar is missed")
    options = parser.parse_args()
    listed = subprocess.run([options.duologue, "models", "list", "--json"], stdout=subprocess.PIPE, text=True)
    if listed.returncode or not ready(json.loads(listed.stdout)):
        print("real call: SKIPPED, the models are not here; get them with `duologue models fetch`", file=sys.stderr)
        return 0
    print(f"machine: {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} before the first call (wants an idle one)")
    heard, turns = [], []
    for seed in options.seeds.split(","):
        summary, metrics = call(options, seed)
        heard.append(summary["metrics"]["heard_e2e_latency_ms"])
        turns += metrics
        print(f"seed {seed}: {summary['turns']} turns, goal {'reached' if summary['goal_reached'] else 'missed'}", file=sys.stderr)
    return show(heard, turns) and options.check


def ready(models):
    """Whether the cache has a model for every stage."""
    present = {model["role"] for model in models["models"] if model["state"] == "present"}
    return {"speech-recognition", "language-model", "speech-synthesis"} <= present


def call(options, seed):
    with tempfile.TemporaryDirectory() as folder:
        command = [options.duologue, "--json", "converse", "--scenario", options.scenario, "--seed", seed, "--out", folder]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=900)
        if done.returncode:
            sys.exit(f"real call: it exited with {done.returncode}:\n{done.stderr[-2000:]}")
        lines = (Path(folder) / "metrics.jsonl").read_text().splitlines()
    events = [event for event in map(json.loads, lines) if event["event"] == "metrics_collected"]
    # The turn that opens the call answers nobody.
    answers = [event["metrics"] for event in events if event["metrics"]["e2e_latency_ms"] is not None]
    return json.loads(done.stdout.splitlines()[-1]), answers


def show(heard, turns):
    """Prints the table; returns whether the bar was missed."""
    print(f"\n{'an answer takes, ms':<54}{'p50':>8}{'p95':>8}")
    for key, words in STAGES:
        values = [turn[key] for turn in turns if turn[key] is not None]
        print(f"{words:<54}{quantile(values, 0.5):>8.0f}{quantile(values, 0.95):>8.0f}")
    p50 = statistics.median(each["p50"] for each in heard)
    p95 = max(each["p95"] for each in heard)
    print(f"{'between the voices, in the recording':<54}{p50:>8.0f}{p95:>8.0f}")
    missed = p50 > BAR_MS
    print(f"  {'MISSED' if missed else 'held  '}  turn p50: {p50:.0f} ms (bar <= {BAR_MS:.0f})")
    return missed


def quantile(values, share):
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))] if ranked else float("nan")


if __name__ == "__main__":
    sys.exit(main())
