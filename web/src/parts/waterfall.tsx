import { useRef } from "preact/hooks";
import type { Schema } from "../api/client";
import { Decided } from "./decision";
import { lasting } from "./format";

type Trace = Schema["Trace"];
type Span = Schema["SpanShown"];

/** Colours for agents; with more of them than that they are used again. */
const COLOURS = 6;
/** What stands deeper is not shown further to the right. */
const DEEPEST = 9;

/** The colour of an agent in a trace. */
export function colourIn(trace: Trace, service: string): string {
  return `a${Math.max(0, trace.agents.indexOf(service)) % COLOURS}`;
}

/** All spans of a trace, each below the one that it is part of, with a bar for when it was. Arrow keys move within. */
export function Waterfall({ trace, picked, pick }: { trace: Trace; picked: string | undefined; pick: (id: string) => void }) {
  const list = useRef<HTMLOListElement>(null);
  const spans = trace.tree;
  const at = Math.max(0, spans.findIndex((span) => span.id === picked));
  const answered = new Set(spans.filter((span) => span.kind === "server").map((span) => span.parent));
  // An answer says by which rule it was allowed; where that was asked need not say it again.
  const ruled = new Set(spans.filter((span) => span.kind === "server").map((span) => span.decision?.id));
  const go = (to: number) => {
    const span = spans[Math.min(Math.max(to, 0), spans.length - 1)];
    if (!span) return;
    pick(span.id);
    list.current?.querySelector<HTMLElement>(`[data-span="${span.id}"]`)?.focus();
  };
  const pressed = (event: KeyboardEvent) => {
    const moves: Record<string, () => number> = {
      ArrowDown: () => at + 1,
      ArrowUp: () => at - 1,
      Home: () => 0,
      End: () => spans.length - 1,
      ArrowLeft: () => spans.findIndex((span) => span.id === spans[at]?.parent),
      ArrowRight: () => (spans[at + 1]?.parent === spans[at]?.id ? at + 1 : at),
    };
    const move = moves[event.key];
    if (!move || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const to = move();
    if (to >= 0) go(to);
  };
  return (
    <div class="waterfall">
      <p class="scale time" aria-hidden="true">
        {[0, 0.25, 0.5, 0.75, 1].map((part) => <span key={part}>{lasting(trace.duration_ms * part)}</span>)}
      </p>
      <ol ref={list} role="tree" aria-label="Spans, each below the one that it is part of" onKeyDown={pressed}>
        {spans.map((span, n) => (
          <li key={span.id} role="treeitem" data-span={span.id} class={`${colourIn(trace, span.service)}${span.error === undefined ? "" : " wrong"}`}
            aria-level={span.depth + 1} aria-selected={n === at} tabIndex={n === at ? 0 : -1} onClick={() => go(n)}>
            <What span={span} hasHop={span.kind === "server" || (span.kind === "client" ? !answered.has(span.id) : span.parent === undefined)}
              isSaid={span.kind !== "server" && ruled.has(span.decision?.id)} />
            <span class="lane" aria-hidden="true"><i style={bar(span, trace.duration_ms)} /></span>
            <span class="time"><span class="unseen">begins after {lasting(span.offset_ms)}, takes </span>{lasting(span.duration_ms)}</span>
          </li>
        ))}
      </ol>
    </div>
  );
}

function What({ span, hasHop, isSaid }: { span: Span; hasHop: boolean; isSaid: boolean }) {
  const { hop, decision } = span;
  return (
    <span class="what" style={{ paddingInlineStart: `${Math.min(span.depth, DEEPEST) * 15}px` }}>
      <span><b>{span.name}</b>{!span.name.includes(span.service) && <span class="sub"> {span.service}</span>}</span>
      {hop && hasHop && (
        <span class="hop">
          <code>{hop.caller ?? "somebody"}</code> <span aria-hidden="true">→</span><span class="unseen">calls</span> <code>{hop.callee ?? span.service}</code>
        </span>
      )}
      {decision && <Decided of={decision} brief={isSaid} />}
      {span.error !== undefined && <span class="decided fail">{span.error}</span>}
    </span>
  );
}

/** Where in the lane, and how long: in hundredths of the whole. */
function bar(span: Span, whole: number) {
  const part = (ms: number) => (whole > 0 ? Math.min(100, (ms / whole) * 100) : 0);
  return { insetInlineStart: `${part(span.offset_ms)}%`, inlineSize: `${whole > 0 ? part(span.duration_ms) : 100}%` };
}
