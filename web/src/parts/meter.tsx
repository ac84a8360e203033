import { useEffect, useRef } from "preact/hooks";

/** How many levels are seen at once; at eight a second these are the last five seconds. */
const BARS = 44;

/** How loud somebody was in the last seconds: the newest on the right. */
export function Meter({ level, of }: { level: number; of: string }) {
  const bars = useRef<HTMLDivElement>(null);
  const history = useRef<number[]>(new Array<number>(BARS).fill(0));
  const now = useRef(level);
  now.current = level;
  useEffect(() => {
    const timer = window.setInterval(() => {
      history.current.push(now.current);
      history.current.shift();
      const children = bars.current?.children;
      if (!children) return;
      history.current.forEach((value, n) => {
        (children[n] as HTMLElement).style.transform = `scaleY(${Math.max(0.07, shown(value))})`;
      });
    }, 125);
    return () => window.clearInterval(timer);
  }, []);
  return (
    <div
      class={level > 0.35 ? "meter loud" : "meter"}
      ref={bars}
      role="meter"
      aria-label={`Loudness of ${of}`}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(level * 100)}
    >
      {Array.from({ length: BARS }, (_, n) => (
        <i key={n} />
      ))}
    </div>
  );
}

/** Speech lies in the upper half of the scale; what is below is shown small. */
function shown(level: number): number {
  return Math.min(1, Math.max(0, (level - 0.2) / 0.65)) ** 1.3;
}
