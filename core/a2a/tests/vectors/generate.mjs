// Writes js/*.json: the requests that the clients of @a2a-js/sdk send, and what it signs of a card. See README.md.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

// The SDK lies where the script is run.
const require = createRequire(pathToFileURL(process.cwd() + "/"));
const sdk = await import(pathToFileURL(require.resolve("@a2a-js/sdk")));
const client = await import(pathToFileURL(require.resolve("@a2a-js/sdk/client")));
const { ClientFactory, JsonRpcTransportFactory, RestTransportFactory } = client.default ?? client;
const { AgentCard, SendMessageRequest, TaskPushNotificationConfig, TaskState, canonicalizeAgentCard } = sdk.default ?? sdk;

const here = new URL(".", import.meta.url);
const read = (name) => JSON.parse(readFileSync(new URL(`python/${name}.1.0.json`, here)));
const write = (name, value) => {
  mkdirSync(new URL("js/", here), { recursive: true });
  writeFileSync(new URL(`js/${name}`, here), typeof value === "string" ? value : JSON.stringify(value, null, 1) + "\n");
};

const send = SendMessageRequest.fromJSON(read("send"));
const push = TaskPushNotificationConfig.fromJSON(read("push"));
const of = { tenant: "", id: "t/1", metadata: undefined };
const config = { tenant: "", taskId: "t-1", id: "p-1" };
const list = {
  tenant: "", contextId: "c 1", status: TaskState.TASK_STATE_WORKING, pageSize: 7, pageToken: "x=", historyLength: 0,
  statusTimestampAfter: "2026-01-31T12:00:00.000Z", includeArtifacts: true,
};
const calls = {
  SendMessage: (c) => c.sendMessage(send),
  SendStreamingMessage: async (c) => { for await (const _ of c.sendMessageStream(send)); },
  GetTask: (c) => c.getTask({ tenant: "", id: "t/1", historyLength: 2 }),
  ListTasks: (c) => c.listTasks(list),
  CancelTask: (c) => c.cancelTask(of),
  SubscribeToTask: async (c) => { for await (const _ of c.resubscribeTask({ tenant: "", id: "t/1" })); },
  CreateTaskPushNotificationConfig: (c) => c.createTaskPushNotificationConfig(push),
  GetTaskPushNotificationConfig: (c) => c.getTaskPushNotificationConfig(config),
  ListTaskPushNotificationConfigs: (c) => c.listTaskPushNotificationConfig({ tenant: "", taskId: "t-1", pageSize: 0, pageToken: "" }),
  DeleteTaskPushNotificationConfig: (c) => c.deleteTaskPushNotificationConfig(config),
  GetExtendedAgentCard: (c) => c.getAgentCard(),
};

for (const protocolVersion of ["1.0", "0.3"]) {
  for (const [name, protocolBinding, Factory] of [["jsonrpc", "JSONRPC", JsonRpcTransportFactory], ["rest", "HTTP+JSON", RestTransportFactory]]) {
    const sent = [];
    let operation;
    const fetchImpl = async (url, { method, headers, body }) => {
      const version = new Headers(headers).get("A2A-Version");
      sent.push({ operation, version, verb: method, target: String(url).replace("https://w.example", ""), body: body && JSON.parse(body) });
      return new Response("{}", { status: 599, headers: { "Content-Type": "application/json" } });
    };
    const options = { fetchImpl, legacyCompat: { enabled: true } };
    const card = AgentCard.fromJSON({ ...read("card"), supportedInterfaces: [{ url: "https://w.example", protocolBinding, protocolVersion }] });
    card.capabilities.pushNotifications = true;
    const one = await new ClientFactory({ transports: [new Factory(options)], preferredTransports: [protocolBinding] }).createFromAgentCard(card);
    for (operation of Object.keys(calls)) await calls[operation](one).catch(() => {});
    write(`requests-${name}.${protocolVersion}.json`, sent);
  }
}
write("card.canonical.txt", canonicalizeAgentCard(read("card")));
