"""Python's client of the server API, in protobuf: `api.py checks '{"room": …, "members": […], "leaves": …}'` asks for
everything that a room's service can and prints what it got instead of what was expected, as JSON. `dispatch` and `jobs` serve
the test of workers. Address, key and secret come from LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET."""

import asyncio
import json
import os
import sys

from livekit import api
from livekit.protocol.agent import JobStatus


class Checks:
    def __init__(self):
        self.count, self.failed = 0, {}

    def same(self, name: str, got, expected) -> None:
        self.count += 1
        if got != expected:
            self.failed[name] = f"{got!r} instead of {expected!r}"


async def refused(call) -> str:
    """The code of the error that a call ends with."""
    try:
        await call
    except api.ServerError as error:
        return f"{error.code} {error.status}"
    return "nothing"


async def rooms(lk: api.LiveKitAPI, checks: Checks) -> None:
    name = "api-python"
    made = await lk.room.create_room(api.CreateRoomRequest(name=name, empty_timeout=77, metadata="first"))
    again = await lk.room.create_room(api.CreateRoomRequest(name=name))
    checks.same("CreateRoom", (made.name, made.empty_timeout, made.metadata), (name, 77, "first"))
    checks.same("CreateRoom twice", again.sid, made.sid)
    await lk.room.update_room_metadata(api.UpdateRoomMetadataRequest(room=name, metadata="second"))
    found = (await lk.room.list_rooms(api.ListRoomsRequest(names=[name]))).rooms
    checks.same("UpdateRoomMetadata, ListRooms", [room.metadata for room in found], ["second"])
    await lk.room.delete_room(api.DeleteRoomRequest(room=name))
    found = (await lk.room.list_rooms(api.ListRoomsRequest(names=[name]))).rooms
    checks.same("DeleteRoom", len(found), 0)
    again = await refused(lk.room.delete_room(api.DeleteRoomRequest(room=name)))
    checks.same("DeleteRoom twice", again, "not_found 404")


async def members(lk: api.LiveKitAPI, asked: dict, checks: Checks) -> None:
    room, who = asked["room"], asked["leaves"]
    listed = (await lk.room.list_participants(api.ListParticipantsRequest(room=room))).participants
    checks.same("ListParticipants", sorted(p.identity for p in listed), sorted(asked["members"]))
    one = await lk.room.get_participant(api.RoomParticipantIdentity(room=room, identity=who))
    checks.same("GetParticipant", (one.identity, len(one.tracks)), (who, 1))
    update = api.UpdateParticipantRequest(room=room, identity=who, name="Changed", attributes={"a": "b"})
    changed = await lk.room.update_participant(update)
    checks.same("UpdateParticipant", (changed.name, changed.attributes["a"]), ("Changed", "b"))
    mute = api.MuteRoomTrackRequest(room=room, identity=who, track_sid=one.tracks[0].sid, muted=True)
    checks.same("MutePublishedTrack", (await lk.room.mute_published_track(mute)).track.muted, True)
    other = next(p for p in listed if p.identity != who)
    deafen = api.UpdateSubscriptionsRequest(room=room, identity=who, track_sids=[other.tracks[0].sid], subscribe=False)
    await lk.room.update_subscriptions(deafen)
    await lk.room.send_data(api.SendDataRequest(room=room, data=b"hello", kind=1, topic="another"))
    await lk.room.remove_participant(api.RoomParticipantIdentity(room=room, identity=who))
    code = "nothing"
    for _ in range(100):
        code = await refused(lk.room.get_participant(api.RoomParticipantIdentity(room=room, identity=who)))
        if code != "nothing":
            break
        await asyncio.sleep(0.05)
    checks.same("RemoveParticipant", code, "not_found 404")


async def dispatches(lk: api.LiveKitAPI, checks: Checks) -> None:
    room = "api-python-agents"
    ask = api.CreateAgentDispatchRequest(room=room, agent_name="nobody", metadata="m")
    made = await lk.agent_dispatch.create_dispatch(ask)
    checks.same("CreateDispatch", (made.agent_name, made.metadata, made.room), ("nobody", "m", room))
    listed = [d.id for d in await lk.agent_dispatch.list_dispatch(room) if d.agent_name == "nobody"]
    checks.same("ListDispatch", listed, [made.id])
    await lk.agent_dispatch.delete_dispatch(made.id, room)
    left = [d.id for d in await lk.agent_dispatch.list_dispatch(room) if d.agent_name == "nobody"]
    checks.same("DeleteDispatch", left, [])
    await lk.room.delete_room(api.DeleteRoomRequest(room=room))


async def refusals(checks: Checks) -> None:
    for name, key in [("a wrong secret", os.environ["LIVEKIT_API_KEY"]), ("an unknown key", "nobody")]:
        async with api.LiveKitAPI(api_key=key, api_secret="another-secret-of-32-characters-") as stranger:
            try:
                await stranger.room.list_rooms(api.ListRoomsRequest())
                checks.same(name, "let in", 401)
            except api.ServerError as error:
                checks.same(name, error.status, 401)


async def main() -> None:
    what, asked = sys.argv[1], json.loads(sys.argv[2])
    async with api.LiveKitAPI() as lk:
        if what == "checks":
            checks = Checks()
            await rooms(lk, checks)
            await dispatches(lk, checks)
            await refusals(checks)
            await members(lk, asked, checks)
            answer = {"count": checks.count, "failed": checks.failed}
        elif what == "dispatch":
            metadata = json.dumps(asked["metadata"])
            ask = api.CreateAgentDispatchRequest(room=asked["room"], agent_name=asked["agent"], metadata=metadata)
            answer = {"dispatch": (await lk.agent_dispatch.create_dispatch(ask)).id}
        else:
            known = await lk.agent_dispatch.list_dispatch(asked["room"])
            jobs = [job for dispatch in known if dispatch.id == asked["dispatch"] for job in dispatch.state.jobs]
            answer = {"jobs": [JobStatus.Name(job.state.status) for job in jobs]}
    print(json.dumps(answer))


asyncio.run(main())
