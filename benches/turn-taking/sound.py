"""Sound as numpy arrays: 8 bit µ-law, filters, noises made by code."""
import audioop  # left the standard library with Python 3.13; the bench runs in an older one

import numpy as np

RATE = 16_000


def mulaw(sound):
    """G.711 µ-law."""
    return audioop.lin2ulaw(np.clip(np.round(sound), -32_768, 32_767).astype("<i2").tobytes(), 2)


def unmulaw(data):
    return np.frombuffer(audioop.ulaw2lin(data, 2), dtype="<i2").astype(float)


def loudness(sound):
    """Root mean square over the 20 ms frames that are within 30 dB of the loudest."""
    frames = sound[: len(sound) // 320 * 320].reshape(-1, 320) if len(sound) >= 320 else sound.reshape(1, -1)
    level = np.sqrt(np.mean(frames**2, axis=1)) + 1e-9
    return float(np.sqrt(np.mean(level[level > level.max() * 0.03] ** 2)))


def band(sound, low, high):
    """Keeps `low` to `high` Hz, with edges a sixth of an octave wide."""
    f = np.maximum(np.fft.rfftfreq(len(sound), 1 / RATE), 1e-3)
    edge = lambda x: 1 / (1 + np.exp(-24 * np.log2(x)))
    return np.fft.irfft(np.fft.rfft(sound) * edge(f / low) * edge(high / f), len(sound))


def pink(rng, samples):
    f = np.maximum(np.fft.rfftfreq(samples, 1 / RATE), 20.0)
    return np.fft.irfft(np.fft.rfft(rng.standard_normal(samples)) / np.sqrt(f), samples)


def resonant(sound, centres, width):
    f = np.fft.rfftfreq(len(sound), 1 / RATE)
    gain = sum(np.exp(-(((f - c) / width) ** 2)) / (1 + n) for n, c in enumerate(centres))
    return np.fft.irfft(np.fft.rfft(sound) * gain, len(sound))


def decay(seconds, attack, fall):
    t = np.arange(int(seconds * RATE)) / RATE
    return np.minimum(t / attack, 1) * np.exp(-np.maximum(t - attack, 0) / fall)


def distant(rng, sound):
    """Across the room: no treble, and a tail of a third of a second."""
    tail = rng.standard_normal(int(0.35 * RATE)) * np.exp(-np.arange(int(0.35 * RATE)) / (0.08 * RATE))
    tail[0] += 12
    size = len(sound) + len(tail) - 1
    wet = np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(tail, size), size)
    return band(wet, 150, 2_600)


def cough(rng):
    parts = []
    for _ in range(rng.integers(1, 4)):
        burst = rng.standard_normal(int(0.3 * RATE)) * decay(0.3, 0.006, rng.uniform(0.04, 0.08))
        parts.append(resonant(burst, [rng.uniform(400, 700), 1_400, 2_600], 420))
    return np.concatenate(parts)


def throat(rng):
    t = np.arange(int(rng.uniform(0.35, 0.6) * RATE)) / RATE
    pulses = (np.sin(2 * np.pi * (rng.uniform(60, 85) * t + 1.5 * np.cumsum(rng.standard_normal(len(t))) / 400)) > 0.7) * 1.0
    rough = resonant((pulses - pulses.mean()) + 0.3 * rng.standard_normal(len(t)), [350, 1_100, 2_300], 300)
    return rough * np.sin(np.pi * t / t[-1]) ** 0.5


def sneeze(rng):
    breath = band(rng.standard_normal(int(0.35 * RATE)), 800, 4_000) * np.linspace(0, 0.15, int(0.35 * RATE))
    burst = resonant(rng.standard_normal(int(0.45 * RATE)), [900, 2_500, 5_000], 1_500) * decay(0.45, 0.01, 0.12)
    return np.concatenate([breath, burst / np.abs(burst).max()])


def slam(rng):
    return band(rng.standard_normal(int(0.4 * RATE)), 40, rng.uniform(300, 1_200)) * decay(0.4, 0.003, 0.07)


def typing(rng):
    out = np.zeros(int(1.2 * RATE))
    for at in np.cumsum(rng.uniform(0.06, 0.2, 8)):
        click = band(rng.standard_normal(640), 1_500, 7_000) * decay(0.04, 0.001, 0.006)
        place = int(at * RATE)
        if place + 640 < len(out):
            out[place : place + 640] += click
    return out


def clatter(rng):
    t = np.arange(int(0.7 * RATE)) / RATE
    rings = sum(np.sin(2 * np.pi * f * t) * np.exp(-t / rng.uniform(0.05, 0.2)) for f in rng.uniform(1_800, 6_500, 6))
    return rings * decay(0.7, 0.002, 0.25)


def hiss(rng):
    seconds = rng.uniform(0.5, 1.4)
    t = np.linspace(0, 1, int(seconds * RATE))
    return band(rng.standard_normal(len(t)), 500, 6_000) * np.sin(np.pi * t) ** 0.4


def bark(rng):
    t = np.arange(int(0.28 * RATE)) / RATE
    pitch = np.cumsum(rng.uniform(380, 520) * (1 + 0.4 * np.sin(np.pi * t / t[-1]))) / RATE
    tone = sum(np.sin(2 * np.pi * n * pitch) / n for n in range(1, 8)) + 0.5 * rng.standard_normal(len(t))
    one = resonant(tone, [700, 1_500], 500) * np.sin(np.pi * t / t[-1])
    return np.concatenate([one, np.zeros(int(0.12 * RATE)), one])


TICS = {"cough": cough, "throat": throat, "sneeze": sneeze}
NOISES = {"slam": slam, "typing": typing, "clatter": clatter, "hiss": hiss, "bark": bark}
