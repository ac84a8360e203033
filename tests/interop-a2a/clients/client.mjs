// Does with our agent what clients do, by means of @a2a-js/sdk: `client.mjs URL BINDING VERSION`, a line of JSON for each thing, with
// what went wrong. What is asked of the agent stands in client.py, and is the same here.
import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { credentials } from '@grpc/grpc-js';
import { Role, StreamResponse, TaskState, verifyAgentCardSignature } from '@a2a-js/sdk';
import { ClientFactory, DefaultAgentCardResolver, JsonRpcTransportFactory, RestTransportFactory } from '@a2a-js/sdk/client';
import { GrpcTransportFactory } from '@a2a-js/sdk/client/grpc';
import { RequestMalformedError, TaskNotCancelableError, TaskNotFoundError, UnsupportedOperationError } from '@a2a-js/sdk/errors';

// The SDK tells of each signature that does not fit.
console.debug = () => {};

const [url, binding, version] = process.argv.slice(2);
const legacyCompat = { enabled: true };
const resolver = new DefaultAgentCardResolver({ legacyCompat });

class Skipped extends Error {}

function asking(text, task, configuration = {}) {
  return {
    tenant: '', metadata: undefined,
    message: {
      messageId: randomUUID(), role: Role.ROLE_USER, taskId: task?.id ?? '', contextId: task?.contextId ?? '', metadata: undefined,
      parts: text === undefined ? [] : [{ content: { $case: 'text', value: text }, metadata: undefined, filename: '', mediaType: '' }],
      extensions: [], referenceTaskIds: [],
    },
    configuration: { acceptedOutputModes: [], taskPushNotificationConfig: undefined, returnImmediately: false, ...configuration },
  };
}

// The SDK leaves out the names of files and whether a piece is added to what came before when it reads HTTP+JSON of 0.3.
const isShort = binding === 'HTTP+JSON' && version === '0.3';
const numbers = (count) => Array.from({ length: count }, (_, index) => String(index + 1));
const textOf = (part) => part.content?.value;

// What the events of a stream add up to.
class Told {
  pieces = [];

  hear({ payload: { $case: kind, value } }) {
    this.first ??= kind;
    if (kind === 'task') {
      this.state = value.status.state;
      this.pieces = value.artifacts.flatMap((artifact) => artifact.parts.map(textOf));
    } else if (kind === 'statusUpdate') {
      this.state = value.status.state;
    } else if (kind === 'artifactUpdate') {
      this.pieces = [...(value.append || isShort ? this.pieces : []), ...value.artifact.parts.map(textOf)];
    }
  }

  async drain(events) {
    for await (const event of events) this.hear(event);
    return this;
  }
}

const connect = async () => {
  const card = await resolver.resolve(url);
  // Left to itself the SDK takes 1.0 wherever it is offered.
  const supportedInterfaces = card.supportedInterfaces.filter(
    (at) => at.protocolBinding === binding && at.protocolVersion === version,
  );
  assert(supportedInterfaces.length, `the card has no interface of ${binding} ${version}`);
  const transports = [
    new JsonRpcTransportFactory({ legacyCompat }), new RestTransportFactory({ legacyCompat }),
    new GrpcTransportFactory({ legacyCompat, grpcChannelCredentials: credentials.createInsecure() }),
  ];
  return new ClientFactory({ transports, cardResolver: resolver }).createFromAgentCard({ ...card, supportedInterfaces });
};
const client = await connect().catch((error) => {
  tell('connect', { problems: [String(error)] });
  process.exit(1);
});

const isMessage = (answer) => 'messageId' in answer;

async function taskOf(request) {
  const answer = await client.sendMessage(request);
  assert(!isMessage(answer), 'a message came instead of a task');
  return answer;
}

async function refused(call, Kind) {
  const answer = await call.then((value) => ({ value }), (error) => ({ error }));
  assert(answer.error instanceof Kind, `${answer.error?.stack ?? JSON.stringify(answer.value)} came instead of ${Kind.name}`);
}

// A webhook on this machine, and what was posted to it.
async function receive(use) {
  const posts = [], waiting = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (piece) => { body += piece; });
    request.on('end', () => {
      response.end();
      const post = { headers: request.headers, body: JSON.parse(body) };
      if (waiting.length) waiting.shift()(post);
      else posts.push(post);
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const next = () => (posts.length ? posts.shift() : new Promise((resolve) => waiting.push(resolve)));
  try {
    await use(`http://127.0.0.1:${server.address().port}/hook`, next);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const webhook = (about) => ({ tenant: '', id: '', taskId: '', token: 'secret', authentication: undefined, ...about });

const checks = {
  async card() {
    const card = await client.getAgentCard();
    assert.equal(card.name, 'Conformance agent');
    assert.equal(card.capabilities.streaming, true);
    assert.equal(client.protocolVersion, version);
  },

  async signature() {
    const { keys } = await (await fetch(`${url}/.well-known/jwks.json`)).json();
    const verify = verifyAgentCardSignature(async (kid) => keys.find((key) => key.kid === kid));
    const card = await resolver.resolve(url);
    await verify(card);
    await assert.rejects(verify({ ...card, description: `${card.description}!` }));
  },

  async message() {
    const answer = await client.sendMessage(asking('tck-message-response'));
    assert(isMessage(answer), 'a task came instead of a message');
    assert.equal(textOf(answer.parts[0]), 'Direct message response');
    assert.equal(answer.role, Role.ROLE_AGENT);
  },

  async task() {
    const task = await taskOf(asking('hello'));
    assert.equal(task.status.state, TaskState.TASK_STATE_COMPLETED);
    assert.equal(textOf(task.status.message.parts[0]), 'Hello from TCK');
    assert(!Number.isNaN(Date.parse(task.status.timestamp)), 'the status has no time');
  },

  async artifact_text() {
    const [part] = (await taskOf(asking('tck-artifact-text'))).artifacts[0].parts;
    assert.deepEqual(part.content, { $case: 'text', value: 'Generated text content' });
  },

  async artifact_file() {
    const [part] = (await taskOf(asking('tck-artifact-file'))).artifacts[0].parts;
    assert.equal(part.content.$case, 'raw');
    assert.equal(Buffer.from(part.content.value).toString(), 'Generated file content');
    assert.deepEqual([part.filename, part.mediaType], [isShort ? '' : 'output.txt', 'text/plain']);
  },

  async artifact_url() {
    const [part] = (await taskOf(asking('tck-artifact-file-url'))).artifacts[0].parts;
    assert.deepEqual(part.content, { $case: 'url', value: 'https://example.com/output.txt' });
    assert.deepEqual([part.filename, part.mediaType], [isShort ? '' : 'output.txt', 'text/plain']);
  },

  async artifact_data() {
    const [part] = (await taskOf(asking('tck-artifact-data'))).artifacts[0].parts;
    assert.deepEqual(part.content, { $case: 'data', value: { key: 'value', count: 42 } });
  },

  async failure() {
    assert.equal((await taskOf(asking('tck-task-failure'))).status.state, TaskState.TASK_STATE_FAILED);
  },

  async stream() {
    const told = await new Told().drain(client.sendMessageStream(asking('duologue-count 20 5')));
    assert.equal(told.first, 'task');
    assert.deepEqual(told.pieces, numbers(20));
    assert.equal(told.state, TaskState.TASK_STATE_COMPLETED);
  },

  async stream_message() {
    const told = await new Told().drain(client.sendMessageStream(asking('tck-message-response')));
    assert.equal(told.first, 'message');
  },

  async get() {
    const task = await taskOf(asking('tck-artifact-text'));
    const again = await client.getTask({ tenant: '', id: task.id });
    assert.deepEqual([again.id, again.contextId], [task.id, task.contextId]);
    assert.equal(textOf(again.artifacts[0].parts[0]), 'Generated text content');
    assert.equal(textOf(again.history[0].parts[0]), 'tck-artifact-text');
    if (version === '1.0') {
      assert.deepEqual((await client.getTask({ tenant: '', id: task.id, historyLength: 0 })).history, []);
    }
  },

  async list() {
    if (version === '0.3') throw new Skipped('0.3 has no list');
    const made = [await taskOf(asking('tck-artifact-text'))];
    const { contextId } = made[0];
    for (let count = 0; count < 2; count++) made.push(await taskOf(asking('tck-artifact-text', { contextId })));
    const request = {
      tenant: '', contextId, status: TaskState.TASK_STATE_UNSPECIFIED, pageSize: 2, pageToken: '',
      statusTimestampAfter: undefined, includeArtifacts: true,
    };
    const page = await client.listTasks(request);
    assert.deepEqual([page.totalSize, page.tasks.length], [3, 2]);
    const rest = await client.listTasks({ ...request, pageToken: page.nextPageToken });
    const found = [...page.tasks, ...rest.tasks];
    assert.deepEqual(found.map((task) => task.id).sort(), made.map((task) => task.id).sort());
    const times = found.map((task) => task.status.timestamp);
    assert.deepEqual(times, [...times].sort().reverse());
    assert.equal(textOf(page.tasks[0].artifacts[0].parts[0]), 'Generated text content');
    assert.equal(rest.nextPageToken, '');
  },

  async cancel() {
    const task = await taskOf(asking('tck-cancel', undefined, { returnImmediately: true }));
    const ended = await client.cancelTask({ tenant: '', id: task.id, metadata: undefined });
    assert.equal(ended.status.state, TaskState.TASK_STATE_CANCELED);
  },

  async subscribe() {
    const task = await taskOf(asking('duologue-count 40 50', undefined, { returnImmediately: true }));
    const told = await new Told().drain(client.resubscribeTask({ tenant: '', id: task.id }));
    assert.equal(told.first, 'task');
    assert.deepEqual(told.pieces, numbers(40));
    assert.equal(told.state, TaskState.TASK_STATE_COMPLETED);
  },

  async subscribe_to_what_is_over() {
    const { id } = await taskOf(asking('hello'));
    await refused(new Told().drain(client.resubscribeTask({ tenant: '', id })), UnsupportedOperationError);
  },

  async question() {
    const task = await taskOf(asking('tck-multi-turn'));
    assert.equal(task.status.state, TaskState.TASK_STATE_INPUT_REQUIRED);
    assert.equal(textOf(task.status.message.parts[0]), 'What else?');
    const more = await taskOf(asking('more', task));
    assert.deepEqual([more.id, more.status.state], [task.id, TaskState.TASK_STATE_INPUT_REQUIRED]);
    await client.sendMessage(asking('we are done', task));
    const over = await client.getTask({ tenant: '', id: task.id });
    const said = over.history.filter(({ role }) => role === Role.ROLE_USER).map(({ parts }) => textOf(parts[0]));
    assert.deepEqual(said, ['tck-multi-turn', 'more', 'we are done']);
  },

  async webhooks() {
    const { id: taskId } = await taskOf(asking('tck-input-required'));
    const wanted = { taskId, id: 'first', url: 'http://127.0.0.1:9/hook' };
    const about = ({ taskId, id, url }) => ({ taskId, id, url });
    const one = { tenant: '', taskId, id: 'first' };
    const every = { tenant: '', taskId, pageSize: 0, pageToken: '' };
    assert.deepEqual(about(await client.createTaskPushNotificationConfig(webhook(wanted))), wanted);
    assert.deepEqual(about(await client.getTaskPushNotificationConfig(one)), wanted);
    assert.deepEqual((await client.listTaskPushNotificationConfig(every)).configs.map(about), [wanted]);
    await client.deleteTaskPushNotificationConfig(one);
    assert.deepEqual((await client.listTaskPushNotificationConfig(every)).configs, []);
    await refused(client.getTaskPushNotificationConfig(one), TaskNotFoundError);
  },

  async pushes() {
    await receive(async (url, next) => {
      const authentication = { scheme: 'Bearer', credentials: 'open-sesame' };
      const config = { taskPushNotificationConfig: webhook({ url, authentication }), returnImmediately: true };
      const task = await taskOf(asking('duologue-count 3 50', undefined, config));
      const told = new Told();
      for (let isOver = false; !isOver;) {
        const { headers, body } = await next();
        assert.equal(headers['x-a2a-notification-token'], 'secret');
        assert.equal(headers.authorization, 'Bearer open-sesame');
        if (version === '1.0') {
          told.hear(StreamResponse.fromJSON(body));
          isOver = told.state === TaskState.TASK_STATE_COMPLETED;
        } else {
          assert.deepEqual([body.kind, body.id], ['task', task.id]);
          isOver = body.status.state === 'completed';
        }
      }
      if (version === '1.0') assert.deepEqual(told.pieces, numbers(3));
    });
  },

  async unknown() {
    await refused(client.getTask({ tenant: '', id: 'no-such-task' }), TaskNotFoundError);
    await refused(client.cancelTask({ tenant: '', id: 'no-such-task', metadata: undefined }), TaskNotFoundError);
  },

  async over() {
    const task = await taskOf(asking('hello'));
    await refused(client.cancelTask({ tenant: '', id: task.id, metadata: undefined }), TaskNotCancelableError);
    await refused(client.sendMessage(asking('again', task)), UnsupportedOperationError);
  },

  async invalid() {
    await refused(client.sendMessage(asking(undefined)), RequestMalformedError);
  },

  // The SDK's client asks for it where the card says that there is one.
  async extended_card() {
    const card = await client.getAgentCard();
    assert.deepEqual(card.skills.map(({ id }) => id), ['conformance', 'extended']);
  },
};

function tell(what, more) {
  console.log(JSON.stringify({ what, ...more }));
}

for (const [what, check] of Object.entries(checks)) {
  const late = new Promise((_, reject) => setTimeout(reject, 30_000, new Error('not done after 30 s')).unref());
  try {
    await Promise.race([check(), late]);
    tell(what, { problems: [] });
  } catch (error) {
    if (error instanceof Skipped) tell(what, { problems: [], skipped: error.message });
    else {
      console.error(error);
      tell(what, { problems: [String(error.message ?? error)] });
    }
  }
}
process.exit(0);
