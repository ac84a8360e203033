"""A tone to be sent, and the loudest tone in what was heard."""

import asyncio

import numpy as np
from livekit import rtc

RATE = 48_000
WINDOW = 16_384  # samples: bins of 2.9 Hz


async def play(source: rtc.AudioSource, tone: float) -> None:
    """Sends a tone, a frame every 10 ms, until it is cancelled."""
    at = 0
    while True:
        frame = 8_000 * np.sin(2 * np.pi * tone * (at + np.arange(RATE // 100)) / RATE)
        at += RATE // 100
        await source.capture_frame(rtc.AudioFrame(frame.astype(np.int16).tobytes(), RATE, 1, RATE // 100))


async def publish(room: rtc.Room, tone: float) -> asyncio.Task:
    """Publishes a microphone that sends a tone."""
    source = rtc.AudioSource(RATE, 1)
    track = rtc.LocalAudioTrack.create_audio_track("tone", source)
    options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
    await room.local_participant.publish_track(track, options)
    return asyncio.create_task(play(source, tone))


async def listen(track: rtc.Track, heard) -> None:
    """Tells the loudest frequency of each window that is not silent."""
    samples = np.zeros(0)
    stream = rtc.AudioStream(track, sample_rate=RATE, num_channels=1)
    async for event in stream:
        samples = np.concatenate([samples, np.frombuffer(event.frame.data, dtype=np.int16).astype(float)])
        if len(samples) < WINDOW:
            continue
        window, samples = samples[:WINDOW], samples[WINDOW:]
        if np.sqrt((window**2).mean()) > 100:
            loudness = np.abs(np.fft.rfft(window * np.hanning(WINDOW)))
            heard(round(float(loudness.argmax()) * RATE / WINDOW, 1))
