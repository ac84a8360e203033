#!/usr/bin/env python3
"""Made clips.wav and clips.json, once: short pieces of speech by two voices of the product and one of espeak-ng.

Usage: make_clips.py ENGINE_SPEECH MODELS_DIR (needs numpy and espeak-ng). What follows uses only the two files, so that
everybody measures with the same sound whatever voices come later.
"""
import json
import struct
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np

from sound import RATE, mulaw

HERE = Path(__file__).resolve().parent

STATEMENTS = [
    "My order number is four two seven nine and it has not arrived yet.",
    "I would like to change the delivery address for my last order.",
    "Could you tell me when the technician is coming?",
    "The internet has been down since yesterday evening.",
    "I booked a double room for two nights in March.",
    "I think you charged me twice for the same invoice.",
    "Can I move my appointment to Thursday afternoon?",
    "Yes please, that would be great.",
    "What does the cheaper plan include?",
]
PAUSED = [
    ["I ordered a blue jacket", "and the one that came was green."],
    ["I called you on Monday", "and nobody could help me."],
    ["We have a reservation", "for four people at seven."],
    ["The screen stays black", "when I press the button."],
    ["I live in the old town", "near the railway station."],
    ["You sent me a letter", "that I don't understand."],
]
TRAILING = [
    ["I already restarted it and", "it still does not work."],
    ["I want to pay with my", "credit card, if I may."],
    ["It is because", "we are moving in June."],
    ["I was wondering, um", "whether you have a smaller one."],
    ["You said Friday, but", "it never came."],
]
NUMBERS = [
    ["four two seven", "nine one eight", "six three five."],
    ["zero eight hundred", "five five one", "two two nine."],
]
EMAILS = [
    ["J, O, H, N", "dot, S, M, I, T, H", "at example dot com."],
    ["A, N, N, A", "underscore B, E, R, G", "at mail dot org."],
]
SHORT = ["Stop.", "Wait.", "Hold on.", "No, no.", "Excuse me.", "Sorry, one moment.", "Can I say something?", "Hang on."]
LONG = [
    "Wait, that is not what I asked for.",
    "No, I don't need the history, just the price.",
    "Sorry, I have a question about the contract.",
    "Let me stop you there, I am already a customer.",
    "Actually I want to talk about something else.",
    "Hold on, which date did you just say?",
    "That's wrong, my name is Miller.",
]
BACKCHANNELS = ["Mhm.", "Uh-huh.", "Yeah.", "Okay.", "Right.", "I see.", "Sure."]
FILLERS = ["Um.", "Uh.", "Hmm.", "Er."]
ASIDE = [
    "Can you pass me the salt?",
    "I'm on the phone, just a minute.",
    "No, the other one, on the table.",
    "Did you feed the cat already?",
    "Turn that down, will you?",
]


class Engine:
    """The speech engine's pipe: two lengths, a JSON header, raw samples."""

    def __init__(self, program, models):
        command = [program, "--dir", models, "--threads", "1"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.requests = 0
        self.read()

    def read(self):
        header, payload = struct.unpack("<II", self.process.stdout.read(8))
        return json.loads(self.process.stdout.read(header)), self.process.stdout.read(payload)

    def speak(self, text, voice):
        self.requests += 1
        request = json.dumps({"id": self.requests, "op": "speak", "text": text, "voice": voice, "speed": 1.0}).encode()
        self.process.stdin.write(struct.pack("<II", len(request), 0) + request)
        self.process.stdin.flush()
        sound, rate = b"", 24_000
        while True:
            header, payload = self.read()
            if header["event"] == "audio":
                sound, rate = sound + payload, header["rate"]
            elif header["event"] == "error":
                sys.exit(f"{text}: {header['message']}")
            elif header["event"] == "done":
                return np.frombuffer(sound, dtype="<i2").astype(float), rate


def robot(text):
    made = subprocess.run(["espeak-ng", "-v", "en-us", "-s", "165", "--stdout", text], stdout=subprocess.PIPE, check=True)
    return np.frombuffer(made.stdout[44:], dtype="<i2").astype(float), 22_050


def at_16k(sound, rate):
    """Through the spectrum: what is above 8 kHz goes."""
    wanted = round(len(sound) * RATE / rate)
    spectrum = np.fft.rfft(sound)
    out = np.zeros(wanted // 2 + 1, dtype=complex)
    out[: min(len(out), len(spectrum))] = spectrum[: len(out)]
    return np.fft.irfft(out, wanted) * wanted / len(sound)


def trimmed(sound):
    """From the first to the last 5 ms that are within 40 dB of the loudest; peak at 0.9."""
    step = RATE // 200
    level = np.sqrt(np.mean(sound[: len(sound) // step * step].reshape(-1, step) ** 2, axis=1))
    loud = np.flatnonzero(level > 0.01 * level.max())
    sound = sound[loud[0] * step : (loud[-1] + 1) * step]
    return sound / np.abs(sound).max() * 0.9 * 32_767


def main():
    engine = Engine(sys.argv[1], sys.argv[2])
    voices = {"heart": lambda t: engine.speak(t, "heart"), "orion": lambda t: engine.speak(t, "orion"), "robot": robot}
    wanted = []

    def want(kind, texts, names):
        for place, text in enumerate(texts):
            wanted.append((kind, text if isinstance(text, list) else [text], names[place % len(names)]))

    both = ["heart", "orion"]
    want("statement", STATEMENTS, both)
    want("paused", PAUSED, both)
    want("trailing", TRAILING, both[::-1])
    want("numbers", NUMBERS, both)
    want("email", EMAILS, both)
    want("barge_short", SHORT, both)
    want("barge_short", SHORT[:3], both[::-1])
    want("barge_long", LONG, both)
    for voice in [*both, "robot"]:
        want("backchannel", BACKCHANNELS, [voice])
    for voice in both:
        want("filler", FILLERS, [voice])
    want("aside", ASIDE, both)
    clips, sounds, at = [], [], 0
    for kind, texts, voice in wanted:
        pieces = []
        for text in texts:
            sound = trimmed(at_16k(*voices[voice](text)))
            pieces.append({"text": text, "at": at, "samples": len(sound)})
            sounds.append(sound)
            at += len(sound)
        clips.append({"kind": kind, "voice": voice, "pieces": pieces})
    data = mulaw(np.concatenate(sounds))
    # Format 7, 8 bit µ-law, which the standard library does not write.
    head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16, 7, 1, RATE, RATE, 1, 8, b"data", len(data))
    (HERE / "clips.wav").write_bytes(head + data)
    rows = ",\n".join(json.dumps(clip) for clip in clips)
    (HERE / "clips.json").write_text(f"[\n{rows}\n]\n")
    print(f"{len(clips)} clips, {at / RATE:.0f} s, {len(data) / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
