import { useEffect, useRef, useState } from "preact/hooks";
import { post, remove, words, type Schema } from "../api/client";
import { useLive } from "../api/live";
import { useCall, type Call } from "../parts/call";
import { Dispatches } from "../parts/dispatches";
import { hour } from "../parts/format";
import { Empty, Failure } from "../parts/notice";
import { colourOf, Person } from "../parts/person";
import { Transcript, type Row } from "../parts/transcript";
import { go } from "../route";

type Participant = Schema["Participant"];
type Line = Schema["Line"];

/** One room as it happens, with a place in it for whoever wants to talk. */
export function Room({ name }: { name: string }) {
  const [people, setPeople] = useState<Participant[]>([]);
  const [lines, setLines] = useState<Line[]>([]);
  const [levels, setLevels] = useState<Schema["Levels"]>({});
  const [ended, setEnded] = useState(false);
  const call = useCall(name);
  const link = useLive(`/api/v1/rooms/${encodeURIComponent(name)}/events`, {
    room: (now: Schema["RoomNow"]) => {
      setPeople(now.participants);
      setLines(now.lines);
      setEnded(false);
    },
    participants: (now: Participant[]) => setPeople(now),
    line: (line: Line) => setLines((before) => written(before, line)),
    levels: (now: Schema["Levels"]) => setLevels(now),
    closed: () => {
      setPeople([]);
      setEnded(true);
    },
  });
  useEntry(name, call);
  const end = () => {
    if (confirm(`End the room ${name}? Everybody in it is sent away.`)) {
      remove("/api/v1/rooms/{room}", { room: name }).then(() => go("/"), (error: unknown) => alert(words(error)));
    }
  };
  const nobody = people.length === 0;
  return (
    <>
      <header class="hero">
        <p class="sub"><a href="/">Now</a> / room</p>
        <div class="headline">
          <h1>{name}</h1>
          <span class={`pill ${link === "open" ? "pass" : "none"}`} role="status">{ended ? "over" : link === "open" ? "live" : link === "gone" ? "not open" : "…"}</span>
        </div>
      </header>
      <CallBar call={call} />
      <div class="two">
        <section class="card" aria-labelledby="here">
          <h2 class="heading" id="here">Here</h2>
          {nobody && <Empty>{ended ? "The room is over." : link === "gone" ? "The room is not open. It opens when somebody joins." : "Nobody is here yet."}</Empty>}
          <ul class="people">
            {people.map((who) => (
              <Person key={who.sid} who={who} level={levels[who.identity] ?? 0} own={who.identity === call.identity} />
            ))}
          </ul>
        </section>
        <section class="card" aria-labelledby="said">
          <h2 class="heading" id="said">Said</h2>
          {lines.length === 0 && <Empty>Nothing yet. What agents hear and say appears here as they do.</Empty>}
          <Transcript rows={lines.map((line) => row(line, people))} label="What is said" />
        </section>
      </div>
      <Dispatches room={name} open={link === "open" && !ended} people={people.length} />
      {link === "open" && !ended && <p><button class="quiet danger" type="button" onClick={end}>End this room</button></p>}
    </>
  );
}

/** Came here to talk to an agent: both are asked for at once. */
function useEntry(name: string, call: Call) {
  const asked = useRef(false);
  useEffect(() => {
    const agent = new URLSearchParams(location.search).get("agent");
    if (asked.current || !agent) return;
    asked.current = true;
    history.replaceState(null, "", location.pathname);
    post("/api/v1/rooms/{room}/dispatches", { room: name }, { agent_name: agent, metadata: "" }).catch((error: unknown) => alert(words(error)));
    call.join(localStorage.getItem("duologue-name") ?? "");
  }, []);
}

function CallBar({ call }: { call: Call }) {
  const join = () => call.join(localStorage.getItem("duologue-name") ?? "");
  return (
    <section class={`card call ${call.stage}`} aria-label="Your place in this room">
      {call.stage === "out" && (
        <>
          <p class="sub">You only watch: you hear nobody, and nobody hears you.</p>
          <button class="action" type="button" onClick={join}>Join with microphone</button>
        </>
      )}
      {call.stage === "joining" && <p class="sub" role="status">Joining … the browser may ask for the microphone.</p>}
      {call.stage === "in" && (
        <>
          <p class="sub" role="status">{call.muted ? "You are here, muted." : "You are here: everybody hears you."}</p>
          {call.silenced && <button class="action" type="button" onClick={call.unsilence}>Hear the others</button>}
          <button class="quiet" type="button" aria-pressed={call.muted} onClick={() => call.mute(!call.muted)}>{call.muted ? "Unmute" : "Mute"}</button>
          <button class="quiet danger" type="button" onClick={call.leave}>Leave</button>
        </>
      )}
      {call.problem && <Failure>{call.problem}</Failure>}
    </section>
  );
}

function written(before: Line[], line: Line): Line[] {
  const same = (other: Line) => other.segment === line.segment && other.speaker === line.speaker;
  return before.some(same) ? before.map((other) => (same(other) ? line : other)) : [...before, line];
}

function row(line: Line, people: readonly Participant[]): Row {
  const who = people.find((one) => one.identity === line.speaker);
  const colour = who ? colourOf(who) : line.speaker.includes("support") ? "p0" : "p1";
  return { key: `${line.speaker} ${line.segment}`, colour, name: line.name, text: line.text, time: hour(line.at), open: !line.is_final };
}
