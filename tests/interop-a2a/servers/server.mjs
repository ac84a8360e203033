// An agent served by @a2a-js/sdk: `server.mjs PORT GRPC_PORT`, with 0.3 beside 1.0. What it does stands in server.py.
import { randomUUID } from 'node:crypto';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import express from 'express';
import { Role, TaskState } from '@a2a-js/sdk';
import {
  AgentEvent, DefaultExecutionEventBusManager, DefaultPushNotificationSender, DefaultRequestHandler,
  InMemoryPushNotificationStore, InMemoryTaskStore,
} from '@a2a-js/sdk/server';
import { agentCardHandler, jsonRpcHandler, restHandler, UserBuilder } from '@a2a-js/sdk/server/express';
import { A2AService, grpcService } from '@a2a-js/sdk/server/grpc';

const [port, grpcPort] = process.argv.slice(2).map(Number);
const text = (value) => ({ content: { $case: 'text', value }, metadata: undefined, filename: '', mediaType: '' });

class Greeter {
  constructor() {
    this.stopped = new Map();
  }

  async execute(context, bus) {
    const { taskId, contextId, userMessage, task } = context;
    const said = userMessage.parts.map((part) => part.content?.value ?? '').join('');
    const [word] = said.split(' ', 1);
    const rest = said.slice(word.length + 1);
    const message = (value) => ({
      role: Role.ROLE_AGENT, messageId: randomUUID(), parts: [text(value)], taskId: '', contextId,
      extensions: [], metadata: undefined, referenceTaskIds: [],
    });
    if (word === 'message') {
      bus.publish(AgentEvent.message(message(`hello ${rest}`)));
      return bus.finished();
    }
    const status = (state, about) => ({ state, message: about, timestamp: new Date().toISOString() });
    const tell = (state, about) =>
      bus.publish(AgentEvent.statusUpdate({ taskId, contextId, status: status(state, about), metadata: undefined }));
    const produce = (artifactId, value, append, lastChunk) =>
      bus.publish(AgentEvent.artifactUpdate({
        taskId, contextId, append, lastChunk, metadata: undefined,
        artifact: { artifactId, name: '', description: '', parts: [text(value)], metadata: undefined, extensions: [] },
      }));
    if (!task) {
      bus.publish(AgentEvent.task({
        id: taskId, contextId, status: status(TaskState.TASK_STATE_SUBMITTED), artifacts: [], history: [userMessage], metadata: undefined,
      }));
    }
    tell(TaskState.TASK_STATE_WORKING);
    if (task || !['ask', 'slow', 'stream'].includes(word)) {
      produce('greeting', `hello ${task || word !== 'task' ? said : rest}`, false, true);
    } else if (word === 'ask') {
      tell(TaskState.TASK_STATE_INPUT_REQUIRED, message('who?'));
      return bus.finished();
    } else if (word === 'slow') {
      await new Promise((resolve) => this.stopped.set(taskId, resolve));
      tell(TaskState.TASK_STATE_CANCELED);
      return bus.finished();
    } else {
      for (let number = 0; number < Number(rest); number++) {
        await new Promise((resolve) => setTimeout(resolve, 100));
        produce('pieces', `${number} `, number > 0, number + 1 === Number(rest));
      }
    }
    tell(TaskState.TASK_STATE_COMPLETED);
    bus.finished();
  }

  async cancelTask(taskId) {
    this.stopped.get(taskId)?.();
  }
}

const at = (url, protocolBinding, protocolVersion) => ({ url, protocolBinding, protocolVersion, tenant: '' });
const root = `http://127.0.0.1:${port}`;
const card = {
  name: 'Greeter', description: 'Greets', version: '1.0.0', provider: undefined,
  supportedInterfaces: [
    at(`${root}/rpc`, 'JSONRPC', '1.0'), at(`${root}/rest`, 'HTTP+JSON', '1.0'), at(`127.0.0.1:${grpcPort}`, 'GRPC', '1.0'),
    at(`${root}/rpc`, 'JSONRPC', '0.3'), at(`${root}/rest`, 'HTTP+JSON', '0.3'),
  ],
  capabilities: { streaming: true, pushNotifications: true, extensions: [] },
  securitySchemes: {}, securityRequirements: [], defaultInputModes: ['text/plain'], defaultOutputModes: ['text/plain'],
  skills: [{
    id: 'greet', name: 'Greet', description: 'Greets', tags: ['greeting'], examples: [], inputModes: [], outputModes: [],
    securityRequirements: [],
  }],
  signatures: [],
};
const webhooks = new InMemoryPushNotificationStore();
const requestHandler = new DefaultRequestHandler(
  card, new InMemoryTaskStore(), new Greeter(), new DefaultExecutionEventBusManager(), webhooks,
  new DefaultPushNotificationSender(webhooks),
);
const options = { requestHandler, userBuilder: UserBuilder.noAuthentication, legacyCompat: { enabled: true } };
const app = express();
app.use('/.well-known/agent-card.json', agentCardHandler({ agentCardProvider: requestHandler }));
app.use('/rpc', jsonRpcHandler(options));
app.use('/rest', restHandler(options));
const rpc = new Server();
rpc.addService(A2AService, grpcService({ requestHandler, userBuilder: UserBuilder.noAuthentication }));
rpc.bindAsync(`127.0.0.1:${grpcPort}`, ServerCredentials.createInsecure(), () => app.listen(port, '127.0.0.1'));
