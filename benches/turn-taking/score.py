"""What happened in a scene, from the caller's times and the agent's recorded track alone; the same for both sides.

Times are measured to 20 ms. `Outcome`s are pooled into figures with 95 % intervals from a bootstrap over scenes.
"""
import random
import statistics
import wave
from dataclasses import dataclass

FRAME_MS = 20
# A barge-in has to stop the agent within 2 s; anything else that stops it within 1 s is an error (tau-voice).
YIELD_MS, FALSE_MS = 2_000, 1_000
# So long without an answer, and a caller speaks again.
ANSWER_MS = 4_000
# The agent is silent, or speaks, when it does so for so long.
STEADY_MS = 60
RESAMPLES = 1_000


@dataclass
class Outcome:
    """One scene. Times in ms; None where it did not happen, or is not asked."""

    kind: str
    role: str
    condition: str
    # From the start of what sounded to the agent's silence.
    stopped: float | None = None
    # From the end of the caller's turn to the agent's first sound after it.
    latency: float | None = None
    answered: bool | None = None
    # The agent began within the caller's turn.
    premature: bool | None = None


def spoken(path):
    """For each 20 ms of a track, whether the agent sounds."""
    with wave.open(str(path)) as track:
        step, data = track.getframerate() * 2 * FRAME_MS // 1_000, track.readframes(track.getnframes())
    return [any(data[at : at + step]) for at in range(0, len(data), step)]


def first(frames, value, since_ms):
    """Start in ms of the first steady run of `value` that begins at `since_ms` or later, or is under way then."""
    need, run = STEADY_MS // FRAME_MS, 0
    for n in range(max(0, -(-since_ms // FRAME_MS)), len(frames)):
        run = run + 1 if frames[n] == value else 0
        if run == need:
            return (n + 1 - need) * FRAME_MS
    return None


def turn(scene, kind, piece, frames, until_ms):
    """How a turn from `from` to `to` was answered; a later answer than `until_ms` is none."""
    made = Outcome(kind, "turn", scene["condition"])
    early = first(frames, True, piece["from"])
    made.premature = early is not None and early < piece["to"]
    # A reply that began too soon and still sounds is no answer to the whole turn.
    silent = first(frames, False, piece["to"])
    after = None if silent is None else first(frames, True, silent)
    made.answered = after is not None and after <= min(piece["to"] + ANSWER_MS, until_ms)
    if made.answered and not made.premature:
        made.latency = after - piece["to"]
    return made


def outcomes_of(scene, frames):
    whole = {"from": scene["at"], "to": scene["to"]}
    if not scene["lead"]:
        return [turn(scene, scene["kind"], whole, frames, len(frames) * FRAME_MS)]
    asked = turn(scene, "question", scene["lead"], frames, scene["at"])
    made = Outcome(scene["kind"], scene["role"], scene["condition"])
    if not frames[scene["at"] // FRAME_MS]:
        # The agent does not speak, so nothing can interrupt it; that it did not answer is counted already.
        return [asked]
    silent = first(frames, False, scene["at"])
    made.stopped = None if silent is None else max(0, silent - scene["at"])
    if scene["role"] == "barge_in":
        after = made.stopped is not None and turn(scene, "", {"from": silent, "to": scene["to"]}, frames, len(frames) * FRAME_MS)
        made.answered = bool(after and after.answered)
        made.latency = after.latency if after else None
    return [asked, made]


def outcomes(scenes, folder):
    """What happened in each scene that has a track."""
    paths = ((scene, folder / f"{scene['id']}.wav") for scene in scenes)
    return [o for scene, path in paths if path.exists() for o in outcomes_of(scene, spoken(path))]


def share(values):
    values = list(values)
    return 100 * sum(values) / len(values) if values else None


def quantile(values, q):
    values = sorted(v for v in values if v is not None)
    return values[min(len(values) - 1, int(len(values) * q))] if values else None


def stopped_within(o, ms):
    return o.stopped is not None and o.stopped <= ms


def of(role, *kinds):
    return lambda all_: [o for o in all_ if o.role == role and (not kinds or o.kind in kinds)]


def yields(all_):
    return [o.stopped for o in of("barge_in")(all_) if stopped_within(o, YIELD_MS)]


def false_rate(*kinds):
    return lambda all_: share(stopped_within(o, FALSE_MS) for o in of("ignore", *kinds)(all_))


# Name, unit, how, whether less is better.
FIGURES = [
    ("barge-in: yielded within 2 s", "%", lambda a: share(stopped_within(o, YIELD_MS) for o in of("barge_in")(a)), False),
    ("time to yield p50", "ms", lambda a: quantile(yields(a), 0.5), True),
    ("time to yield p95", "ms", lambda a: quantile(yields(a), 0.95), True),
    ("answered after a barge-in", "%", lambda a: share(bool(o.answered) for o in of("barge_in")(a)), False),
    ("false interruptions, all", "%", false_rate(), True),
    ("  by backchannels", "%", false_rate("backchannel"), True),
    ("  by fillers (um, hmm)", "%", false_rate("filler"), True),
    ("  by coughs, throat, sneezes", "%", false_rate("tic"), True),
    ("  by speech to somebody else", "%", false_rate("aside"), True),
    ("  by noises", "%", false_rate("noise"), True),
    ("turns answered within 4 s", "%", lambda a: share(bool(o.answered) for o in of("turn")(a)), False),
    ("answered too soon, all turns", "%", lambda a: share(bool(o.premature) for o in of("turn")(a)), True),
    ("  plain sentences", "%", lambda a: share(bool(o.premature) for o in of("turn", "statement", "question")(a)), True),
    ("  with a pause", "%", lambda a: share(bool(o.premature) for o in of("turn", "paused")(a)), True),
    ("  after a trailing word", "%", lambda a: share(bool(o.premature) for o in of("turn", "trailing")(a)), True),
    ("  numbers read out, e-mail spelled", "%", lambda a: share(bool(o.premature) for o in of("turn", "numbers", "email")(a)), True),
    ("response latency p50", "ms", lambda a: quantile([o.latency for o in of("turn")(a)], 0.5), True),
    ("response latency p95", "ms", lambda a: quantile([o.latency for o in of("turn")(a)], 0.95), True),
]


def interval(all_, how):
    """A figure with the 95 % interval of its bootstrap over scenes, drawn by role, so that every draw has the same mix."""
    rng = random.Random(1)
    groups = [group for role in ("turn", "barge_in", "ignore") if (group := of(role)(all_))]
    values = []
    for _ in range(RESAMPLES):
        value = how([o for group in groups for o in rng.choices(group, k=len(group))])
        if value is not None:
            values.append(value)
    values.sort()
    edges = (values[len(values) // 40], values[-1 - len(values) // 40]) if values else (None, None)
    return how(all_), *edges


def figures(all_):
    return {name: interval(all_, how) for name, _, how, _ in FIGURES}


def trade_off(all_, *kinds):
    """Mean time to yield, with what never yielded counted as the limit, and the rate of false interruptions."""
    stops = [min(o.stopped if o.stopped is not None else YIELD_MS, YIELD_MS) for o in of("barge_in")(all_)]
    return statistics.mean(stops), false_rate(*kinds)(all_)


def answering(all_):
    """Response latency p50, and how often it answered too soon, over the scenes whose event is the turn."""
    turns = [o for o in of("turn")(all_) if o.kind != "question"]
    return quantile([o.latency for o in turns], 0.5), share(bool(o.premature) for o in turns)
