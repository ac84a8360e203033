import { useState } from "preact/hooks";
import type { Schema } from "../api/client";
import { useLive } from "../api/live";
import { clock, moment } from "../parts/format";
import { Empty, Failure } from "../parts/notice";
import { Person } from "../parts/person";
import { go } from "../route";

type Levels = Record<string, Schema["Levels"]>;

/** Everything that goes on: rooms with who is in them, conversations that are being held, and a way to talk oneself. */
export function Now() {
  const [all, setAll] = useState<Schema["Overview"]>();
  const [levels, setLevels] = useState<Levels>({});
  const link = useLive("/api/v1/events", { overview: (now: Schema["Overview"]) => setAll(now), levels: (now: Levels) => setLevels(now) });
  return (
    <>
      <header class="hero">
        <h1>Now</h1>
        <p class="lede">Rooms, who is in them, and the conversations that are being held.</p>
      </header>
      {link !== "open" && link !== "connecting" && <Failure>The platform does not answer. Is <code>duologue up</code> still running?</Failure>}
      {all?.problem !== undefined && <Failure>{all.problem}</Failure>}
      <Talk agents={all?.agents ?? []} />
      {all && all.conversations.length > 0 && (
        <section aria-labelledby="held">
          <h2 class="heading" id="held">Being held</h2>
          <ul class="grid">{all.conversations.map((held) => <Held key={held.id} held={held} />)}</ul>
        </section>
      )}
      <section aria-labelledby="rooms">
        <h2 class="heading" id="rooms">Rooms</h2>
        {all && all.rooms.length === 0 && (
          <Empty>
            No room is open. Talk to an agent, or let two agents talk:
            <code class="line">duologue converse --scenario internet-outage</code>
          </Empty>
        )}
        {!all && <Empty>Looking …</Empty>}
        <ul class="grid">{all?.rooms.map((room) => <RoomCard key={room.name} room={room} levels={levels[room.name] ?? {}} />)}</ul>
      </section>
    </>
  );
}

function RoomCard({ room, levels }: { room: Schema["RoomBrief"]; levels: Schema["Levels"] }) {
  const people = room.participants ?? [];
  return (
    <li class="card room">
      <header>
        <h3><a href={`/rooms/${encodeURIComponent(room.name)}`}>{room.name}</a></h3>
        <span class="time">since {moment(room.created_at)}</span>
      </header>
      {people.length === 0 && <p class="sub">{room.num_participants === 0 ? "Nobody is here." : `${room.num_participants} are here.`}</p>}
      <ul class="people">{people.map((who) => <Person key={who.sid} who={who} level={levels[who.identity] ?? 0} />)}</ul>
    </li>
  );
}

function Held({ held }: { held: Schema["Brief"] }) {
  return (
    <li class="card room">
      <header>
        <h3><a href={`/conversations/${held.id}`}>{held.title}</a></h3>
        <span class="live">live</span>
      </header>
      <p class="sub">
        {held.agents.map((party, n) => (
          <span key={party.side} class={`party ${party.side === "customer" ? "p1" : "p0"}`}>
            {n > 0 && " and "}<i class={`pip ${party.side === "customer" ? "p1" : "p0"}`} /> {party.name}
          </span>
        ))}
        , since {moment(held.started_at)}{held.duration_s > 0 && `, ${clock(held.duration_s)}`}
      </p>
    </li>
  );
}

/** A room of one's own with an agent in it. */
function Talk({ agents }: { agents: readonly Schema["Agent"][] }) {
  const [name, setName] = useState(() => localStorage.getItem("duologue-name") ?? "");
  const [agent, setAgent] = useState("");
  const ready = agents.filter((one) => one.ready), waiting = agents.filter((one) => !one.ready);
  const wanted = agent.trim() || ready[0]?.agent_name || "support-agent";
  const submit = (event: Event) => {
    event.preventDefault();
    localStorage.setItem("duologue-name", name);
    const room = `talk-${crypto.randomUUID().slice(0, 8)}`;
    go(`/rooms/${room}?agent=${encodeURIComponent(wanted)}`);
  };
  return (
    <form class="card talk" onSubmit={submit}>
      <div>
        <h2 class="heading">Talk to an agent</h2>
        <p class="sub">With this computer's microphone, in a room of your own. Headphones keep the agent from hearing itself.</p>
        {waiting.map((one) => <p class="sub wait" key={one.agent_name}><b>{one.agent_name}</b> is not ready: {one.note}</p>)}
      </div>
      <label>
        Agent
        <input list="agents" value={agent} placeholder={ready[0]?.agent_name ?? "support-agent"} onInput={(e) => setAgent(e.currentTarget.value)} />
        <datalist id="agents">{agents.map((one) => <option key={one.agent_name} value={one.agent_name}>{one.title}</option>)}</datalist>
      </label>
      <label>
        Your name
        <input value={name} maxLength={80} autocomplete="given-name" placeholder="Guest" onInput={(e) => setName(e.currentTarget.value)} />
      </label>
      <button class="action" type="submit">Talk</button>
    </form>
  );
}
