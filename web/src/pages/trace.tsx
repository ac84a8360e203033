import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";
import { get, Refusal, words, type Schema } from "../api/client";
import { useLive } from "../api/live";
import { Decided, Verdict } from "../parts/decision";
import { lasting, second } from "../parts/format";
import { Empty, Failure } from "../parts/notice";
import { colourIn, Waterfall } from "../parts/waterfall";

type Trace = Schema["Trace"];
type Span = Schema["SpanShown"];

/** One call with all that it led to: who called whom, by which rule that was allowed, and where the time went. */
export function TraceOf({ id }: { id: string }) {
  const [trace, setTrace] = useState<Trace>();
  const [failure, setFailure] = useState("");
  const [picked, setPicked] = useState<string>();
  const asked = useRef(0);
  const look = () => {
    const mine = ++asked.current;
    get("/api/v1/traces/{id}", { id }).then(
      // Only the newest answer counts: the trace may have grown meanwhile.
      (found) => { if (mine === asked.current) { setTrace(found); setFailure(""); } },
      (error: unknown) => { if (mine === asked.current) setFailure(trouble(error)); },
    );
  };
  const link = useLive("/api/v1/traces/events", {
    calls: look,
    call: (one: Schema["TraceBrief"]) => { if (one.id === id) look(); },
    gone: (ids: string[]) => { if (ids.includes(id)) setFailure("This call had to make room for newer ones. It is shown as long as this page is."); },
  });
  const span = trace?.tree.find((one) => one.id === picked) ?? trace?.tree[0];
  return (
    <>
      <header class="hero">
        <p class="sub"><a href="/calls">Calls</a> / <code>{id}</code></p>
        {trace && (
          <>
            <div class="headline"><h1>{trace.name}</h1><Verdict of={trace.outcome} /></div>
            <ul class="facts">
              <li>{second(trace.started_ms)}</li>
              <li>{lasting(trace.duration_ms)}</li>
              <li>{trace.spans} {trace.spans === 1 ? "span" : "spans"}</li>
              {trace.errors > 0 && <li>{trace.errors} failed</li>}
              {trace.denied > 0 && <li>{trace.denied} denied</li>}
            </ul>
          </>
        )}
      </header>
      {link !== "open" && link !== "connecting" && <Failure>The platform does not answer. Is <code>duologue up</code> still running?</Failure>}
      {failure && <Failure>{failure}</Failure>}
      {!trace && !failure && <Empty>Looking …</Empty>}
      {trace && (
        <section class="card" aria-labelledby="spans">
          <h2 class="heading" id="spans">Where the time went</h2>
          <ul class="legend" aria-label="Agents">
            {trace.agents.map((name) => <li key={name} class={colourIn(trace, name)}><i class="pip" aria-hidden="true" /> {name}</li>)}
          </ul>
          <Waterfall trace={trace} picked={span?.id} pick={setPicked} />
          {trace.left_out > 0 && <p class="sub">{trace.left_out} more are not kept: a call has room for 2,000.</p>}
        </section>
      )}
      {trace && span && <Details trace={trace} span={span} />}
    </>
  );
}

/** All that was told of a span. */
function Details({ trace, span }: { trace: Trace; span: Span }) {
  const { hop, decision } = span;
  const parent = trace.tree.find((one) => one.id === span.parent);
  const isEarly = parent !== undefined && span.offset_ms < parent.offset_ms;
  return (
    <section class={`card ${colourIn(trace, span.service)}`} aria-labelledby="picked">
      <h2 class="heading" id="picked">{span.name}</h2>
      <dl class="told">
        <Told name="Agent">{span.service}, {span.kind}</Told>
        <Told name="When">after {lasting(span.offset_ms)}, for {lasting(span.duration_ms)}</Told>
        {hop?.caller !== undefined && <Told name="Caller"><code>{hop.caller}</code></Told>}
        {hop?.callee !== undefined && <Told name="Callee"><code>{hop.callee}</code>{hop.address !== undefined && ` at ${hop.address}`}</Told>}
        {hop?.capability !== undefined && <Told name="Capability"><code>{hop.capability}</code></Told>}
        {decision && (
          <Told name="Decision">
            <Decided of={decision} />
            {decision.rule !== undefined && decision.cause !== undefined && <span class="sub"> {decision.cause}</span>}
            {decision.id !== undefined && <span class="sub"> decision <code>{decision.id}</code></span>}
          </Told>
        )}
        {span.error !== undefined && <Told name="Error"><span class="decided fail">{span.error}</span> {span.message !== span.error && span.message}</Told>}
        {isEarly && <Told name="Clocks">It begins before what it is part of: the clocks of the two machines differ.</Told>}
        {span.is_orphan && <Told name="Part of">something that nobody has told of (yet)</Told>}
        {span.events.map((event, n) => <Told key={n} name={event.name || "event"}>after {lasting(event.offset_ms)} {event.words}</Told>)}
        {Object.entries(span.attributes).filter(([, value]) => value !== "").map(([name, value]) => <Told key={name} name={name}>{value}</Told>)}
      </dl>
      {span.left_out > 0 && <p class="sub">{span.left_out} more are not kept.</p>}
    </section>
  );
}

function Told({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function trouble(error: unknown): string {
  const isGone = error instanceof Refusal && error.status === 404;
  return isGone ? "There is no such call: it was never told of, or had to make room for newer ones." : words(error);
}
