import { useEffect, useState } from "preact/hooks";
import { get, post, remove, words, type Schema } from "../api/client";
import { spaced } from "./format";
import { Empty, Failure } from "./notice";

type Dispatch = Schema["Dispatch"];

/** How often it is asked what came of them. */
const AGAIN = 3000;

/** Agents that are wanted in a room, and a form to want another. */
export function Dispatches({ room, open, people }: { room: string; open: boolean; people: number }) {
  const [known, setKnown] = useState<Dispatch[]>([]);
  const [agents, setAgents] = useState<readonly Schema["Agent"][]>([]);
  const [failure, setFailure] = useState("");
  const look = () => get("/api/v1/rooms/{room}/dispatches", { room }).then(
    // Servers keep one for workers without a name in each room, which nobody asked for.
    (found) => setKnown(found.filter((one) => one.agent_name !== "" || one.jobs.some((job) => job.status === "running"))),
    () => setKnown([]),
  );
  useEffect(() => {
    const ask = () => {
      if (open) void look();
      get("/api/v1/platform", {}).then((about) => setAgents(about.agents), () => undefined);
    };
    if (!open) setKnown([]);
    ask();
    const timer = window.setInterval(ask, AGAIN);
    return () => window.clearInterval(timer);
  }, [open, people]);
  const done = (asked: Promise<unknown>) => asked.then(() => { setFailure(""); void look(); }, (error: unknown) => setFailure(words(error)));
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const values = new FormData(form);
    const asked = { agent_name: String(values.get("agent_name")).trim(), metadata: String(values.get("metadata")) };
    void done(post("/api/v1/rooms/{room}/dispatches", { room }, asked).then(() => form.reset()));
  };
  return (
    <section class="card" aria-labelledby="wanted">
      <h2 class="heading" id="wanted">Agents that are wanted here</h2>
      {known.length === 0 && <Empty>None.</Empty>}
      <ul class="rows">
        {known.map((dispatch) => (
          <li key={dispatch.id}>
            <b>{dispatch.agent_name || "an agent without a name"}</b>
            <span class="sub">{standing(dispatch, agents)}</span>
            <button class="quiet" type="button" aria-label={`Send ${dispatch.agent_name} away`}
              onClick={() => void done(remove("/api/v1/rooms/{room}/dispatches/{id}", { room, id: dispatch.id }))}>Send away</button>
          </li>
        ))}
      </ul>
      <form class="ask" onSubmit={submit}>
        <label>
          Agent
          <input name="agent_name" required maxLength={80} list="wanted-agents" placeholder="support-agent" autocomplete="off" />
          <datalist id="wanted-agents">{agents.map((one) => <option key={one.agent_name} value={one.agent_name}>{one.title}</option>)}</datalist>
        </label>
        <label class="wide">
          What it is told (metadata)
          <input name="metadata" placeholder="nothing" autocomplete="off" />
        </label>
        <button class="action" type="submit">Ask for it</button>
      </form>
      {failure && <Failure>{failure}</Failure>}
    </section>
  );
}

function standing({ agent_name, jobs }: Dispatch, agents: readonly Schema["Agent"][]): string {
  const job = jobs.at(-1);
  const waits = agents.find((one) => one.agent_name === agent_name && !one.ready);
  if (waits && job?.status !== "running") return `not ready: ${waits.note}`;
  if (!job || job.status === "pending") return "no worker of that name has taken it yet";
  const who = job.participant_identity ? ` as ${job.participant_identity}` : "";
  return `${spaced(job.status)}${who}${job.error ? `: ${job.error}` : ""}`;
}
