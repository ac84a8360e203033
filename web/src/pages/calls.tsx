import { useEffect, useState } from "preact/hooks";
import { get, words, type Schema } from "../api/client";
import { useLive } from "../api/live";
import { Verdict } from "../parts/decision";
import { lasting, second } from "../parts/format";
import { Empty, Failure } from "../parts/notice";

type Brief = Schema["TraceBrief"];
type Outcome = Schema["Outcome"];
interface Sought { agent: string; capability: string; outcome: Outcome | "" }

/** As many as the platform tells of by itself; older ones are asked for. */
const SHOWN = 100;
const OUTCOMES: Record<Outcome, string> = { ok: "nothing went wrong", failed: "something failed", denied: "denied by a policy" };

/** Calls between agents as they happen, newest first. */
export function Calls() {
  const [newest, setNewest] = useState<readonly Brief[]>();
  const [older, setOlder] = useState<readonly Brief[]>([]);
  const [sought, setSought] = useState<Sought>({ agent: "", capability: "", outcome: "" });
  const [failure, setFailure] = useState("");
  const isAll = Object.values(sought).every((value) => value === "");
  const link = useLive("/api/v1/traces/events", {
    calls: (now: Schema["CallsNow"]) => setNewest(now.traces),
    call: (one: Brief) => setNewest((before) => placed(before ?? [], one)),
    gone: (ids: string[]) => {
      const stays = (one: Brief) => !ids.includes(one.id);
      setNewest((before) => before?.filter(stays));
      setOlder((before) => before.filter(stays));
    },
  });
  useEffect(() => {
    let isLate = false;
    const { agent, capability, outcome } = sought;
    const wanted = { ...(agent && { agent }), ...(capability && { capability }), ...(outcome && { outcome }) };
    setOlder([]);
    if (!isAll) {
      get("/api/v1/traces", {}, wanted).then(
        (found) => { if (!isLate) { setOlder(found.traces); setFailure(""); } },
        (error: unknown) => { if (!isLate) setFailure(words(error)); },
      );
    }
    return () => { isLate = true; };
  }, [sought]);
  const shown = (newest ?? []).filter((one) => fits(one, sought));
  const rest = older.filter((one) => !newest?.some((other) => other.id === one.id));
  return (
    <>
      <header class="hero">
        <div class="headline">
          <h1>Calls</h1>
          <span class={`pill ${link === "open" ? "pass" : "none"}`} role="status">{link === "open" ? "live" : link === "connecting" ? "…" : "away"}</span>
        </div>
        <p class="lede">Who called whom, what policies said of it, and where the time went.</p>
      </header>
      {link !== "open" && link !== "connecting" && <Failure>The platform does not answer. Is <code>duologue up</code> still running?</Failure>}
      {failure && <Failure>{failure}</Failure>}
      {!newest && <Empty>Looking …</Empty>}
      {newest?.length === 0 && isAll && <NothingYet />}
      {newest && (newest.length > 0 || !isAll) && <Filter known={newest} sought={sought} change={setSought} />}
      {newest && !isAll && shown.length + rest.length === 0 && <Empty>No call that is kept fits.</Empty>}
      {shown.length + rest.length > 0 && (
        <ul class="card kept calls" aria-label="Calls">{[...shown, ...rest].map((one) => <Row key={one.id} one={one} />)}</ul>
      )}
      {isAll && newest?.length === SHOWN && <p class="sub">The newest {SHOWN}. Choose an agent, a capability or an outcome to look further back.</p>}
    </>
  );
}

function Row({ one }: { one: Brief }) {
  return (
    <li>
      <a href={`/calls/${one.id}`}>
        <span class="what">
          <b>{one.name}</b>
          {one.why !== undefined && <span class="sub">{one.outcome === "denied" ? "denied by " : ""}{one.why}</span>}
        </span>
        <span class="sub">{one.agents.join(" · ")}</span>
        <span class="time">{second(one.started_ms)}</span>
        <span class="time">{lasting(one.duration_ms)}</span>
        <Verdict of={one.outcome} />
      </a>
    </li>
  );
}

function NothingYet() {
  return (
    <Empty>
      No agent has told of a call yet. Agents do so by OpenTelemetry, where a variable says where, or their file:
      <code class="line">OTEL_EXPORTER_OTLP_ENDPOINT={location.origin}</code>
      <code class="line">observability: {"{"} tracing: {"{"} endpoint: {location.origin} {"}"} {"}"}</code>
    </Empty>
  );
}

function Filter({ known, sought, change }: { known: readonly Brief[]; sought: Sought; change: (sought: Sought) => void }) {
  const names = (of: (one: Brief) => string[], chosen: string) => [...new Set([...known.flatMap(of), chosen])].filter((name) => name !== "").sort();
  const choice = (label: string, name: keyof Sought, values: readonly string[], shown = (value: string) => value) => (
    <label>
      {label}
      <select value={sought[name]} onChange={(event) => change({ ...sought, [name]: event.currentTarget.value })}>
        <option value="">all</option>
        {values.map((value) => <option key={value} value={value}>{shown(value)}</option>)}
      </select>
    </label>
  );
  return (
    <form class="card sought" aria-label="Which calls are shown" onSubmit={(event) => event.preventDefault()}>
      {choice("Agent", "agent", names((one) => one.agents, sought.agent))}
      {choice("Capability", "capability", names((one) => one.capabilities, sought.capability))}
      {choice("Outcome", "outcome", Object.keys(OUTCOMES), (value) => OUTCOMES[value as Outcome])}
    </form>
  );
}

function placed(before: readonly Brief[], one: Brief): Brief[] {
  const isKnown = before.some((other) => other.id === one.id);
  return isKnown ? before.map((other) => (other.id === one.id ? one : other)) : [one, ...before].slice(0, SHOWN);
}

function fits(one: Brief, { agent, capability, outcome }: Sought): boolean {
  const takesPart = agent === "" || one.agents.includes(agent) || one.identities.includes(agent);
  return takesPart && (capability === "" || one.capabilities.includes(capability)) && (outcome === "" || one.outcome === outcome);
}
