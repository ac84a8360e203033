"""Makes the scenes: what the caller's line carries, second by second, and what is really on it.

In some scenes the agent is silent, a caller speaks a turn, and that is the event. In the others the caller asks
something first, the agent tells a long story, and something sounds meanwhile. `events.json` holds all times, in ms; the
sound is made from it, from `clips.wav` and from the seeds in it, so it is the same everywhere.
"""
import argparse
import json
import random
import wave
from pathlib import Path

import numpy as np

from sound import NOISES, RATE, TICS, band, distant, loudness, mulaw, pink, unmulaw

HERE = Path(__file__).resolve().parent
SEED = 1_189

# How many of each kind. `turn`: the agent is silent and has to answer. The others come while it speaks: `barge_in` has to
# stop it, what is to `ignore` must not.
COUNTS = {
    "turn": {"statement": 27, "paused": 24, "trailing": 15, "numbers": 12, "email": 12},
    "barge_in": {"barge_short": 33, "barge_long": 28},
    "ignore": {"backchannel": 42, "filler": 16, "tic": 24, "aside": 25, "noise": 25},
}
# One in four is clean; the others have what real lines have.
CONDITIONS = ["clean", "noise", "babble", "telephone"]
PAUSES_MS = {"paused": (200, 700), "trailing": (700, 1_400), "numbers": (250, 600), "email": (200, 500)}
QUIET_BEFORE_TURN_MS = (900, 1_600)
# From the end of the caller's question, which the agent answers within a second or two.
AFTER_QUESTION_MS = (4_000, 6_000)
AFTER_MS = 5_000


def events():
    """All events, from the seed."""
    clips = json.loads((HERE / "clips.json").read_text())
    rng = random.Random(SEED)
    made = []
    for role, kinds in COUNTS.items():
        for kind, count in kinds.items():
            usable = [n for n, clip in enumerate(clips) if clip["kind"] == kind] or list(TICS if kind == "tic" else NOISES)
            for n in range(count):
                made.append(event(rng, clips, role, kind, usable[n % len(usable)], len(made)))
    return made


def event(rng, clips, role, kind, source, number):
    # Another pitch and pace of the same clip: a speaker of its own.
    pace = round(rng.uniform(0.88, 1.12), 3)
    at, lead = rng.randint(*QUIET_BEFORE_TURN_MS), None
    if role != "turn":
        voice = clips[source]["voice"] if isinstance(source, int) else None
        same = [n for n, c in enumerate(clips) if c["kind"] == "statement" and c["voice"] == voice]
        lead = {"source": rng.choice(same or [n for n, c in enumerate(clips) if c["kind"] == "statement"])}
        lead |= spoken(clips[lead["source"]]["pieces"][0], at, pace)
        at = lead["to"] + rng.randint(*AFTER_QUESTION_MS)
    pieces = []
    for piece in clips[source]["pieces"] if isinstance(source, int) else []:
        start = pieces[-1]["to"] + rng.randint(*PAUSES_MS[kind]) if pieces else at
        pieces.append(spoken(piece, start, pace))
    return {
        "id": f"{kind}-{number:03}", "role": role, "kind": kind, "condition": CONDITIONS[rng.randrange(4)],
        "source": source, "pace": pace, "gain_db": round(rng.uniform(-4, 4), 1), "seed": rng.randrange(2**31),
        "at": at, "pieces": pieces, "lead": lead,
    }


def spoken(piece, start, pace):
    return {"from": start, "to": start + round(piece["samples"] / pace / RATE * 1_000), "text": piece["text"]}


def render(event, clips, library):
    """The scene's sound, 16 kHz, and the event with its end and the scene's length."""
    rng = np.random.default_rng(event["seed"])
    parts = foreground(event, clips, library, rng)
    end = max(at + len(sound) for at, sound in parts)
    # What trails off in the room is no part of the event.
    to_ms = event["pieces"][-1]["to"] if event["pieces"] else round(end / RATE * 1_000)
    frames = -(-(to_ms + AFTER_MS) // 20)
    line = np.zeros(frames * 320)
    for at, sound in parts:
        line[at : at + len(sound)] += sound[: max(0, len(line) - at)]
    line = with_condition(event["condition"], line, clips, library, rng)
    return line, {**event, "to": to_ms, "frames": frames}


def foreground(event, clips, library, rng):
    """What is at what sample: the caller's question, and the event."""
    speech = 32_768 * 10 ** ((-23 + event["gain_db"]) / 20)
    lead = []
    if event["lead"]:
        sound = piece_sound(clips[event["lead"]["source"]]["pieces"][0], event["lead"], library)
        lead = [(event["lead"]["from"] * RATE // 1_000, sound / loudness(sound) * speech)]
    if not event["pieces"]:
        sound = (TICS | NOISES)[event["source"]](rng)
        # A cough is about as loud as a word, noises in the room differ.
        level = speech * (1 if event["kind"] == "tic" else 10 ** (rng.uniform(-12, 0) / 20))
        return [*lead, (event["at"] * RATE // 1_000, sound / loudness(sound) * level)]
    sounds = [piece_sound(p, q, library) for p, q in zip(clips[event["source"]]["pieces"], event["pieces"])]
    if event["kind"] == "aside":
        sounds = [distant(rng, sound) for sound in sounds]
        speech *= 10 ** (-rng.uniform(12, 22) / 20)
    level = loudness(np.concatenate(sounds))
    return [*lead, *((p["from"] * RATE // 1_000, sound / level * speech) for p, sound in zip(event["pieces"], sounds))]


def piece_sound(clip, piece, library):
    return stretched(library[clip["at"] : clip["at"] + clip["samples"]], piece["to"] - piece["from"])


def stretched(sound, ms):
    samples = ms * RATE // 1_000
    return np.interp(np.linspace(0, len(sound) - 1, samples), np.arange(len(sound)), sound)


def with_condition(condition, line, clips, library, rng):
    usual = 32_768 * 10 ** (-23 / 20)
    if condition == "noise":
        hum = np.sin(2 * np.pi * 50 * np.arange(len(line)) / RATE)
        noise = pink(rng, len(line)) + 0.3 * hum
        return line + noise / loudness(noise) * usual * 10 ** (-rng.uniform(14, 22) / 20)
    if condition == "babble":
        # Five people at other tables.
        noise = np.zeros(len(line))
        for _ in range(5):
            start = rng.integers(len(library))
            noise += np.take(library, np.arange(start, start + len(line)), mode="wrap")
        noise = distant(rng, noise)[: len(line)]
        return line + noise / loudness(noise) * usual * 10 ** (-rng.uniform(20, 26) / 20)
    if condition == "telephone":
        hiss = rng.standard_normal(len(line))
        line = band(line + hiss * usual * 10 ** (-34 / 20), 300, 3_400)
        return unmulaw(mulaw(line))
    return line


def unbroken_voice():
    """The agent's voice on both sides: never quite silent, so that silence on its track is the session's doing."""
    with wave.open(str(HERE.parent / "voice" / "reply48.wav")) as voice:
        sound = np.frombuffer(voice.readframes(voice.getnframes()), dtype="<i2").copy()
    sound[np.abs(sound) < 8] = 8
    return sound


def write(path, rate, sound):
    with wave.open(str(path), "wb") as out:
        out.setparams((1, 2, rate, 0, "NONE", ""))
        out.writeframes(np.clip(np.round(sound), -32_768, 32_767).astype("<i2").tobytes())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where the sound goes: one WAV a scene, and scenes.json")
    parser.add_argument("--write-events", action="store_true", help="write events.json anew, from the seed")
    parser.add_argument("--each", type=int, default=1, help="only every Nth event")
    options = parser.parse_args()
    path = HERE / "events.json"
    if options.write_events:
        path.write_text("[\n" + ",\n".join(json.dumps(e) for e in events()) + "\n]\n")
    clips = json.loads((HERE / "clips.json").read_text())
    library = unmulaw((HERE / "clips.wav").read_bytes()[44:])
    options.folder.mkdir(parents=True, exist_ok=True)
    write(options.folder / "voice.wav", 48_000, unbroken_voice())
    scenes = []
    for event in json.loads(path.read_text())[:: options.each]:
        line, scene = render(event, clips, library)
        write(options.folder / f"{scene['id']}.wav", RATE, line)
        scenes.append(scene)
    (options.folder / "scenes.json").write_text("[\n" + ",\n".join(json.dumps(s) for s in scenes) + "\n]\n")
    print(f"{len(scenes)} scenes, {sum(s['frames'] for s in scenes) / 50:.0f} s")


if __name__ == "__main__":
    main()
