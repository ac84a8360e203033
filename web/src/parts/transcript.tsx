import { useEffect, useRef } from "preact/hooks";

/** One line of what was said. */
export interface Row {
  key: string;
  colour: "p0" | "p1";
  name: string;
  text: string;
  /** When, as it is shown. */
  time: string;
  /** Whether it may still change. */
  open: boolean;
  /** Whether it is being heard at the moment. */
  current?: boolean;
  note?: string;
}

/** What is said, as it is said. Follows the newest line unless somebody scrolled back. */
export function Transcript({ rows, label, onPick }: { rows: readonly Row[]; label: string; onPick?: (key: string) => void }) {
  const list = useRef<HTMLOListElement>(null);
  const follows = useRef(true);
  const newest = rows.at(-1);
  useEffect(() => {
    const element = list.current;
    const current = element?.querySelector("[aria-current]");
    if (!element || !follows.current) return;
    if (current instanceof HTMLElement) element.scrollTop = current.offsetTop - element.clientHeight / 2;
    else element.scrollTop = element.scrollHeight;
  }, [newest?.key, newest?.text, rows.find((row) => row.current)?.key]);
  const scrolled = () => {
    const element = list.current;
    if (element) follows.current = element.scrollHeight - element.scrollTop - element.clientHeight < 80;
  };
  return (
    <ol class="said" ref={list} onScroll={scrolled} aria-label={label} aria-live="polite" tabindex={0}>
      {rows.map((row) => (
        <li key={row.key} class={`${row.colour}${row.open ? " open" : ""}`} aria-current={row.current ? "true" : undefined}>
          {onPick ? (
            <button class="time" type="button" onClick={() => onPick(row.key)} aria-label={`Hear it from ${row.time}`}>{row.time}</button>
          ) : (
            <span class="time">{row.time}</span>
          )}
          <p><b>{row.name}</b> {row.text}{row.note !== undefined && <span class="sub"> {row.note}</span>}</p>
        </li>
      ))}
    </ol>
  );
}
