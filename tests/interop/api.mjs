// livekit-server-sdk, the client of the server API in Node, which speaks JSON; see api.py.

import { isDeepStrictEqual, inspect } from 'node:util';
import { AgentDispatchClient, DataPacket_Kind, RoomServiceClient } from 'livekit-server-sdk';

const asked = JSON.parse(process.argv[2]);
const { LIVEKIT_URL: url, LIVEKIT_API_KEY: key, LIVEKIT_API_SECRET: secret } = process.env;
const address = url.replace(/^ws/, 'http');
const rooms = new RoomServiceClient(address, key, secret);
const dispatch = new AgentDispatchClient(address, key, secret);

const checks = { count: 0, failed: {} };
function same(name, got, expected) {
  checks.count += 1;
  if (!isDeepStrictEqual(got, expected)) checks.failed[name] = `${inspect(got)} instead of ${inspect(expected)}`;
}
const refused = (call) => call.then(() => 'nothing', (error) => `${error.code} ${error.status}`);

async function aboutRooms() {
  const name = 'api-node';
  const made = await rooms.createRoom({ name, emptyTimeout: 77, metadata: 'first' });
  same('CreateRoom', [made.name, made.emptyTimeout, made.metadata], [name, 77, 'first']);
  same('CreateRoom twice', (await rooms.createRoom({ name })).sid, made.sid);
  await rooms.updateRoomMetadata(name, 'second');
  same('UpdateRoomMetadata, ListRooms', (await rooms.listRooms([name])).map((room) => room.metadata), ['second']);
  await rooms.deleteRoom(name);
  same('DeleteRoom', (await rooms.listRooms([name])).length, 0);
  same('DeleteRoom twice', await refused(rooms.deleteRoom(name)), 'not_found 404');
}

async function aboutDispatches() {
  const room = 'api-node-agents';
  const made = await dispatch.createDispatch(room, 'nobody', { metadata: 'm' });
  same('CreateDispatch', [made.agentName, made.metadata, made.room], ['nobody', 'm', room]);
  const mine = async () => (await dispatch.listDispatch(room)).filter((d) => d.agentName === 'nobody').map((d) => d.id);
  same('ListDispatch', await mine(), [made.id]);
  await dispatch.deleteDispatch(made.id, room);
  same('DeleteDispatch', await mine(), []);
  await rooms.deleteRoom(room);
}

async function aboutMembers({ room, members, leaves }) {
  const listed = await rooms.listParticipants(room);
  same('ListParticipants', listed.map((p) => p.identity).sort(), members.sort());
  const one = await rooms.getParticipant(room, leaves);
  same('GetParticipant', [one.identity, one.tracks.length], [leaves, 1]);
  const changed = await rooms.updateParticipant(room, leaves, { name: 'Changed', attributes: { aB: 'c' } });
  same('UpdateParticipant', [changed.name, changed.attributes.aB], ['Changed', 'c']);
  same('MutePublishedTrack', (await rooms.mutePublishedTrack(room, leaves, one.tracks[0].sid, true)).muted, true);
  const other = listed.find((p) => p.identity !== leaves);
  await rooms.updateSubscriptions(room, leaves, [other.tracks[0].sid], false);
  await rooms.sendData(room, new TextEncoder().encode('hello'), DataPacket_Kind.LOSSY, { topic: 'another' });
  await rooms.removeParticipant(room, leaves);
  let code = 'nothing';
  for (let tries = 0; tries < 100 && code === 'nothing'; tries++) {
    code = await refused(rooms.getParticipant(room, leaves));
    await new Promise((again) => setTimeout(again, 50));
  }
  same('RemoveParticipant', code, 'not_found 404');
}

await aboutRooms();
await aboutDispatches();
for (const [name, stranger] of [['a wrong secret', key], ['an unknown key', 'nobody']]) {
  const service = new RoomServiceClient(address, stranger, 'another-secret-of-32-characters-');
  same(name, await service.listRooms().then(() => 'let in', (error) => error.status), 401);
}
await aboutMembers(asked);
console.log(JSON.stringify(checks));
