import { useEffect, useRef, useState } from "preact/hooks";
import { get, Refusal, words, type Schema } from "../api/client";
import { useLive } from "../api/live";
import { clock } from "../parts/format";
import { Empty, Failure } from "../parts/notice";
import { Transcript, type Row } from "../parts/transcript";
import { Outcome } from "./conversations";

type Full = Schema["Conversation"];
type Said = Schema["Said"];
type Done = Schema["Done"];

/** One conversation: as it happens, and afterwards its report. */
export function Conversation({ id }: { id: string }) {
  const [known, setKnown] = useState<Full>();
  const [failure, setFailure] = useState("");
  useEffect(() => {
    get("/api/v1/conversations/{id}", { id }).then(setKnown, (error: unknown) =>
      setFailure(error instanceof Refusal && error.status === 404 ? "There is no such conversation; it may have been removed." : words(error)));
  }, [id]);
  const ended = () => get("/api/v1/conversations/{id}", { id }).then(setKnown, (error: unknown) => setFailure(words(error)));
  if (failure) return <Failure>{failure}</Failure>;
  if (!known) return <Empty>Looking …</Empty>;
  const report = `/api/v1/conversations/${id}/report`;
  return (
    <>
      {known.status === "running" ? (
        <header class="hero">
          <p class="sub"><a href="/conversations">Conversations</a> / {id}</p>
          <div class="headline"><h1>{known.title}</h1><Outcome of={known} /></div>
          <p class="lede">{known.description}</p>
        </header>
      ) : (
        // The report has its own head.
        <header class="hero slim">
          <h1 class="unseen">{known.title}</h1>
          <p class="sub"><a href="/conversations">Conversations</a> / {id}</p>
          <a class="chip" href={report} target="_blank" rel="noopener">Report alone</a>
        </header>
      )}
      {known.error !== undefined && <Failure>{known.error}</Failure>}
      {known.status === "running" ? <Live begin={known} ended={() => void ended()} /> : <iframe class="report" src={report} title={`Report of ${known.title}`} allow="autoplay" />}
    </>
  );
}

/** As it happens: what is said, and the sound, from any moment on. */
function Live({ begin, ended }: { begin: Full; ended: () => void }) {
  const [said, setSaid] = useState<readonly Said[]>(begin.utterances);
  const [done, setDone] = useState<readonly Done[]>(begin.tool_calls);
  const [recorded, setRecorded] = useState(begin.recorded_s);
  const [from, setFrom] = useState<number>();
  const [at, setAt] = useState(0);
  const player = useRef<HTMLAudioElement>(null);
  const replaced = <T extends { id: string | number }>(before: readonly T[], one: T): T[] =>
    before.some((other) => other.id === one.id) ? before.map((other) => (other.id === one.id ? one : other)) : [...before, one];
  useLive(`/api/v1/conversations/${begin.id}/events`, {
    conversation: (all: Full) => { setSaid(all.utterances); setDone(all.tool_calls); setRecorded(all.recorded_s); },
    utterance: (one: Said) => setSaid((before) => replaced(before, one)),
    tool_call: (one: Done) => setDone((before) => replaced(before, one)),
    recorded: (seconds: number) => setRecorded(seconds),
    ended,
  });
  useEffect(() => {
    if (from !== undefined) void player.current?.play().catch(() => undefined);
  }, [from]);
  // Some browsers count from where the recording begins, others from where this stream of it does.
  const heard = from === undefined ? undefined : at >= from - 2 ? at : from + at;
  const sound = from === undefined ? undefined : `/api/v1/conversations/${begin.id}/sound?from=${from}`;
  return (
    <section class="card" aria-labelledby="said">
      <div class="listen">
        <h2 class="heading" id="said">Said so far</h2>
        <span class="time">{clock(heard ?? recorded)}</span>
        {from === undefined ? (
          <>
            <button class="action" type="button" onClick={() => setFrom(recorded)}>Listen now</button>
            <button class="quiet" type="button" onClick={() => setFrom(0)}>From the beginning</button>
          </>
        ) : (
          <>
            <button class="quiet" type="button" onClick={() => { setAt(0); setFrom(recorded); }}>Go to now</button>
            <button class="quiet" type="button" onClick={() => { setFrom(undefined); setAt(0); }}>Stop</button>
          </>
        )}
      </div>
      {sound !== undefined && <audio ref={player} src={sound} onTimeUpdate={(event) => setAt(event.currentTarget.currentTime)} />}
      {said.length === 0 && <Empty>Nothing yet: the agents read their instructions.</Empty>}
      <Transcript rows={rows(said, done, heard, begin.agents)} label="What is said" onPick={(key) => {
        const one = said.find((other) => `said ${other.id}` === key);
        if (one) { setAt(0); setFrom(Math.max(0, one.start_s - 0.5)); }
      }} />
    </section>
  );
}

function rows(said: readonly Said[], done: readonly Done[], heard: number | undefined, agents: Full["agents"]): Row[] {
  const colour = (side: string) => (side === "customer" ? "p1" as const : "p0" as const);
  const lines = said.map((one) => ({
    at: one.start_s,
    row: {
      key: `said ${one.id}`, colour: colour(one.side), name: one.name, text: one.text + (one.interrupted ? " —" : ""),
      time: clock(one.start_s), open: one.end_s === undefined,
      current: heard !== undefined && heard >= one.start_s && heard < (one.end_s ?? Infinity),
      ...(one.latency_ms === undefined ? {} : { note: `after ${(one.latency_ms / 1000).toFixed(2)} s` }),
    },
  }));
  const calls = done.map((one) => ({
    at: one.at_s,
    row: {
      key: `done ${one.id}`, colour: colour(one.side), name: agents.find((party) => party.side === one.side)?.name ?? one.side,
      text: `calls ${one.name} ${JSON.stringify(one.arguments)}`, time: clock(one.at_s), open: false,
      note: one.ok === undefined ? "…" : one.ok ? "done" : "failed",
    },
  }));
  return [...lines, ...calls].sort((a, b) => a.at - b.at).map((one) => one.row);
}
