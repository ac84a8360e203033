"""Python's LiveKit client as a peer: `peer.py '{"url": …, "token": …, "tone": 441, "others": {"identity": 882}}'`.

Joins, sends a tone, and once all others are heard sends each of them messages, a text and a call. Prints one JSON object
when it got all it waits for, or has waited long enough; then it stays until its standard input ends, so that the others get
theirs."""

import asyncio
import json
import sys
import time

import sound
from livekit import rtc

MESSAGES = 20
TEXT = "Grüße aus der Küche. " * 1_000


class Peer:
    def __init__(self, asked: dict, room: rtc.Room | None = None):
        self.asked = asked
        self.others = {
            identity: {"tone": None, "reliable": [], "lossy": 0, "text": False, "call": None}
            for identity in asked["others"]
        }
        self.present: set[str] = set()
        self.tasks: list[asyncio.Task] = []
        self.room = room or rtc.Room()

    def spawn(self, coroutine) -> None:
        self.tasks.append(asyncio.create_task(coroutine))

    def handle(self) -> None:
        """What arrives is noted; to be called before anything can."""
        room = self.room

        @room.on("track_subscribed")
        def _(track, _publication, participant):
            if participant.identity in self.others and track.kind == rtc.TrackKind.KIND_AUDIO:
                self.present.add(participant.identity)
                of = self.others[participant.identity]
                self.spawn(sound.listen(track, lambda tone: of.update(tone=tone)))

        @room.on("data_received")
        def _(data):
            # The client does not always know yet who sent it.
            message = json.loads(data.data) if data.topic == "interop" else {}
            of = self.others.get(message.get("from"))
            if of is None:
                return
            if data.kind == rtc.DataPacketKind.KIND_RELIABLE:
                of["reliable"].append(message["number"])
            else:
                of["lossy"] += 1

        def text(reader, identity):
            async def read():
                said = await reader.read_all()
                if identity in self.others and reader.info.attributes.get("from") == identity:
                    self.others[identity]["text"] = said == TEXT

            self.spawn(read())

        room.register_text_stream_handler("interop", text)

    async def call(self, identity: str) -> None:
        try:
            answer = await self.room.local_participant.perform_rpc(
                destination_identity=identity, method="double", payload="ha"
            )
        except rtc.RpcError as error:
            answer = f"error {error.code}: {error.message}"
        self.others[identity]["call"] = answer

    async def send(self) -> None:
        """Everything once: what is reliable arrives though it is not repeated."""
        me = self.room.local_participant
        for number in range(MESSAGES):
            message = json.dumps({"from": me.identity, "number": number}).encode()
            await me.publish_data(message, reliable=True, topic="interop")
            await me.publish_data(message, reliable=False, topic="interop")
        await me.send_text(TEXT, topic="interop", attributes={"from": me.identity})
        await asyncio.gather(*(self.call(identity) for identity in self.others))

    def is_content(self) -> bool:
        return all(
            of["tone"] and abs(of["tone"] - self.asked["others"][identity]) < 10
            and len(of["reliable"]) >= MESSAGES and of["lossy"] and of["text"] and of["call"]
            for identity, of in self.others.items()
        )

    async def talk(self, until: float) -> dict:
        """Does all of it in the room, until `until` at the latest (`time.monotonic`)."""

        @self.room.local_participant.register_rpc_method("double")
        async def _(call):
            return call.payload * 2

        self.tasks.append(await sound.publish(self.room, self.asked["tone"]))
        while self.present != set(self.others) and time.monotonic() < until:
            await asyncio.sleep(0.05)
        sending = asyncio.create_task(self.send())
        while not self.is_content() and time.monotonic() < until:
            await asyncio.sleep(0.05)
        sending.cancel()
        return self.others


async def main() -> None:
    peer = Peer(json.loads(sys.argv[1]))
    begun = time.monotonic()
    peer.handle()
    options = rtc.RoomOptions(single_peer_connection=peer.asked.get("single"))
    await peer.room.connect(peer.asked["url"], peer.asked["token"], options)
    connect_ms = round((time.monotonic() - begun) * 1_000)
    others = await peer.talk(begun + peer.asked["patience"])
    print(json.dumps({"connect_ms": connect_ms, "others": others}), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await peer.room.disconnect()


if __name__ == "__main__":
    asyncio.run(main())
