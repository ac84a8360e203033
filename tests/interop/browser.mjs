// livekit-client in Chromium as a peer; see peer.py. The browser is $CHROMIUM; its microphone is a file with the tone.

import { readFile, rm, writeFile, mkdtemp } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, extname, join } from 'node:path';
import puppeteer from 'puppeteer-core';
import { RATE, frames } from './sound.mjs';

const asked = JSON.parse(process.argv[2]);
const folder = await mkdtemp(join(tmpdir(), 'interop-'));

/** A WAV file of whole periods, which the browser plays again and again. */
async function microphone(tone) {
  const samples = Buffer.concat(Array.from({ length: 100 }, ((next) => () => Buffer.from(next.next().value.buffer))(frames(tone))));
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + samples.length, 4);
  head.write('WAVEfmt ', 8);
  [[16, 4], [1, 2], [1, 2], [RATE, 4], [RATE * 2, 4], [2, 2], [16, 2]].reduce((at, [value, bytes]) => head.writeUIntLE(value, at, bytes), 16);
  head.write('data', 36);
  head.writeUInt32LE(samples.length, 40);
  const file = join(folder, 'tone.wav');
  await writeFile(file, Buffer.concat([head, samples]));
  return file;
}

/** The page and what it loads, on this machine: a microphone is given to secure pages only, which such ones are. */
async function serve() {
  const here = import.meta.dirname;
  const client = createRequire(import.meta.url).resolve('livekit-client');
  const files = {
    '/': join(here, 'page.html'),
    '/talk.mjs': join(here, 'talk.mjs'),
    '/livekit-client.umd.js': join(dirname(client), 'livekit-client.umd.js'),
  };
  const kinds = { '.html': 'text/html', '.mjs': 'text/javascript', '.js': 'text/javascript' };
  const server = createServer(async (request, response) => {
    const file = files[request.url];
    if (!file) return response.writeHead(404).end();
    response.writeHead(200, { 'content-type': kinds[extname(file)] }).end(await readFile(file));
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  return `http://127.0.0.1:${server.address().port}/`;
}

const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM,
  headless: true,
  args: [
    '--no-sandbox', '--disable-gpu', '--autoplay-policy=no-user-gesture-required', '--use-fake-ui-for-media-stream',
    '--use-fake-device-for-media-stream', `--use-file-for-fake-audio-capture=${await microphone(asked.tone)}`,
  ],
});
async function end(code) {
  await browser.close();
  await rm(folder, { recursive: true, force: true });
  process.exit(code);
}
try {
  const page = await browser.newPage();
  page.on('console', (message) => console.error(message.text()));
  page.on('pageerror', (error) => console.error(String(error)));
  await page.goto(await serve());
  console.log(JSON.stringify(await page.evaluate((asked) => window.talk(asked), asked)));
  process.stdin.resume();
  process.stdin.on('end', async () => {
    await page.evaluate(() => window.leave());
    await end(0);
  });
} catch (error) {
  console.error(error);
  await end(1);
}
