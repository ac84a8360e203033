// @livekit/rtc-node as a peer; see peer.py.

import { AudioFrame, AudioSource, AudioStream, DataPacketKind, LocalAudioTrack, Room, RoomEvent, TrackKind,
  TrackPublishOptions, TrackSource, dispose } from '@livekit/rtc-node';
import { Ear, RATE, frames } from './sound.mjs';
import { isContent, note, nothing, send, until } from './talk.mjs';

const asked = JSON.parse(process.argv[2]);
const deadline = Date.now() + asked.patience * 1_000;
const others = nothing(asked.others);
const present = new Set();

const room = new Room();
room.on(RoomEvent.TrackSubscribed, async (track, _publication, participant) => {
  const of = others[participant.identity];
  if (!of || track.kind !== TrackKind.KIND_AUDIO) return;
  present.add(participant.identity);
  const ear = new Ear();
  for await (const frame of new AudioStream(track, RATE, 1)) of.tone = ear.hear(frame.data) ?? of.tone;
});
note(room, others, DataPacketKind.KIND_RELIABLE);

const begun = Date.now();
await room.connect(asked.url, asked.token, { autoSubscribe: true, dynacast: false });
const connected = Date.now();
room.localParticipant.registerRpcMethod('double', async ({ payload }) => payload.repeat(2));

const source = new AudioSource(RATE, 1);
const options = new TrackPublishOptions();
options.source = TrackSource.SOURCE_MICROPHONE;
await room.localParticipant.publishTrack(LocalAudioTrack.createAudioTrack('tone', source), options);
(async () => {
  for (const frame of frames(asked.tone)) await source.captureFrame(new AudioFrame(frame, RATE, 1, frame.length));
})();

await until(() => present.size === Object.keys(others).length, deadline);
send(room, others).catch((error) => console.error(error));
await until(() => isContent(others, asked.others), deadline);
console.log(JSON.stringify({ connect_ms: connected - begun, others }));

process.stdin.resume();
process.stdin.on('end', async () => {
  await room.disconnect();
  await dispose();
  process.exit(0);
});
