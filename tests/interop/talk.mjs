// What a peer does that speaks LiveKit's JavaScript interface: rtc-node's in Node, and livekit-client's in a browser, whose
// names are the same. See peer.py, which does the same in Python.

const MESSAGES = 20;
const TEXT = 'Grüße aus der Küche. '.repeat(1_000);

export const nothing = (others) =>
  Object.fromEntries(Object.keys(others).map((who) => [who, { tone: null, reliable: [], lossy: 0, text: false, call: null }]));

/** Notes what arrives, by identity; to be called before anything can. `reliable` is the kind of reliable packets. */
export function note(room, others, reliable) {
  room.on('dataReceived', (payload, _participant, kind, topic) => {
    if (topic !== 'interop') return;
    const message = JSON.parse(new TextDecoder().decode(payload));
    const of = others[message.from];
    if (!of) return;
    if (kind === reliable) of.reliable.push(message.number);
    else of.lossy += 1;
  });
  room.registerTextStreamHandler('interop', async (reader, { identity }) => {
    const said = await reader.readAll();
    if (others[identity] && reader.info.attributes?.from === identity) others[identity].text = said === TEXT;
  });
}

/** Sends everything once: what is reliable arrives though it is not repeated. */
export async function send(room, others) {
  const me = room.localParticipant;
  for (let number = 0; number < MESSAGES; number++) {
    const message = new TextEncoder().encode(JSON.stringify({ from: me.identity, number }));
    await me.publishData(message, { reliable: true, topic: 'interop' });
    await me.publishData(message, { reliable: false, topic: 'interop' });
  }
  await me.sendText(TEXT, { topic: 'interop', attributes: { from: me.identity } });
  await Promise.all(Object.entries(others).map(async ([destinationIdentity, of]) => {
    const answer = me.performRpc({ destinationIdentity, method: 'double', payload: 'ha' });
    of.call = await answer.catch((error) => `error ${error.code}: ${error.message}`);
  }));
}

/** Waits until it is so, as long as patience lasts. */
export async function until(isSo, deadline) {
  while (!isSo() && Date.now() < deadline) await new Promise((again) => setTimeout(again, 50));
}

/** Whether everything has come from everybody. */
export const isContent = (others, tones) => Object.entries(others).every(([who, of]) =>
  of.tone && Math.abs(of.tone - tones[who]) < 10 && of.reliable.length >= MESSAGES && of.lossy && of.text && of.call);
