// What is live, as the platform tells it: server-sent events, taken up again where they broke off.
import { useEffect, useRef, useState } from "preact/hooks";

export type Link = "connecting" | "open" | "away" | "gone";
type Handlers = Record<string, (data: never) => void>;

/** Milliseconds until something that is not there is looked for again. */
const AGAIN = 1500;

/** Listens to an address until it is called; a browser comes back by itself where only the line broke. */
export function listen(path: string, handlers: Handlers, told: (link: Link) => void): () => void {
  let source: EventSource | undefined, timer: number | undefined, over = false;
  const open = () => {
    source = new EventSource(path);
    source.onopen = () => told("open");
    source.onerror = () => {
      if (over) return;
      if (source?.readyState !== EventSource.CLOSED) return told("away");
      told("gone");
      timer = window.setTimeout(open, AGAIN);
    };
    for (const [name, handle] of Object.entries(handlers)) {
      source.addEventListener(name, (event) => handle(JSON.parse((event as MessageEvent<string>).data) as never));
    }
    // Nothing follows: the platform ends the stream, and the browser must not ask again.
    for (const name of ["closed", "ended"]) {
      source.addEventListener(name, () => {
        over = true;
        source?.close();
        told("gone");
      });
    }
  };
  told("connecting");
  open();
  return () => {
    over = true;
    window.clearTimeout(timer);
    source?.close();
  };
}

/** The same within a component; handlers may change between renders. */
export function useLive(path: string | undefined, handlers: Handlers): Link {
  const [link, setLink] = useState<Link>("connecting");
  const latest = useRef(handlers);
  latest.current = handlers;
  useEffect(() => {
    if (!path) return;
    const calling = Object.keys(latest.current).map((name) => [name, (data: never) => latest.current[name]?.(data)] as const);
    return listen(path, Object.fromEntries(calling), setLink);
  }, [path]);
  return link;
}
