// @a2a-js/sdk's server with an agent that answers what it was sent: `echo.mjs PORT`; with `TASK=1` by a completed task.

import { AgentEvent, DefaultRequestHandler, InMemoryTaskStore } from '@a2a-js/sdk/server';
import { UserBuilder, agentCardHandler, jsonRpcHandler } from '@a2a-js/sdk/server/express';
import { Role, TaskState } from '@a2a-js/sdk';
import express from 'express';

const port = Number(process.argv[2]);
const byTask = Boolean(process.env.TASK);

const echo = {
  async execute(context, bus) {
    const asked = context.userMessage;
    const answer = {
      role: Role.ROLE_AGENT,
      messageId: crypto.randomUUID(),
      parts: asked.parts,
      taskId: byTask ? context.taskId : '',
      contextId: context.contextId,
      extensions: [],
      metadata: {},
      referenceTaskIds: [],
    };
    bus.publish(byTask ? AgentEvent.task(completed(context, asked, answer)) : AgentEvent.message(answer));
    bus.finished();
  },
  async cancelTask() {},
};

function completed(context, asked, answer) {
  const status = { state: TaskState.TASK_STATE_COMPLETED, timestamp: new Date().toISOString(), message: answer };
  return { id: context.taskId, contextId: context.contextId, status, artifacts: [], history: [asked], metadata: {} };
}

const skill = {
  id: 'echo', name: 'Echo', description: 'Says what it was told', tags: ['echo'],
  examples: [], inputModes: [], outputModes: [], securityRequirements: [],
};
const card = {
  name: 'Echo',
  description: 'Says what it was told',
  version: '1.0.0',
  supportedInterfaces: [
    { url: `http://127.0.0.1:${port}/`, protocolBinding: 'JSONRPC', protocolVersion: '1.0', tenant: '' },
  ],
  provider: undefined,
  capabilities: { streaming: true, pushNotifications: false, extensions: [] },
  securitySchemes: {},
  securityRequirements: [],
  defaultInputModes: ['text/plain'],
  defaultOutputModes: ['text/plain'],
  skills: [skill],
  signatures: [],
};

const handler = new DefaultRequestHandler(card, new InMemoryTaskStore(), echo);
const app = express();
app.use('/.well-known/agent-card.json', agentCardHandler({ agentCardProvider: handler }));
app.use('/', jsonRpcHandler({ requestHandler: handler, userBuilder: UserBuilder.noAuthentication }));
app.listen(port, '127.0.0.1');
