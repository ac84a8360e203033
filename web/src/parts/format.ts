/** `1:02`, `1:00:05`. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(Number.isFinite(seconds) ? seconds : 0));
  const two = (n: number) => String(n).padStart(2, "0");
  const hours = Math.floor(whole / 3600), minutes = Math.floor(whole / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** A moment, near ones without their date. */
export function moment(at: string | number): string {
  const date = new Date(typeof at === "number" ? at * 1000 : at);
  const today = new Date().toDateString() === date.toDateString();
  return date.toLocaleString(undefined, today ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" });
}

/** `14:02`. */
export function hour(at: number): string {
  return new Date(at * 1000).toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit", hour12: false });
}

/** A moment to the second, of milliseconds since 1970. */
export function second(ms: number): string {
  const date = new Date(ms);
  const isToday = new Date().toDateString() === date.toDateString();
  return date.toLocaleString(undefined, isToday ? { timeStyle: "medium" } : { dateStyle: "medium", timeStyle: "medium" });
}

/** How long something lasts, with as many digits as help: `0.31 ms`, `24 ms`, `1.82 s`, `2:05`. */
export function lasting(ms: number): string {
  if (ms >= 60_000) return clock(ms / 1000);
  if (ms >= 1000) return `${(ms / 1000).toFixed(2)} s`;
  return `${ms >= 10 || ms === 0 ? Math.round(ms) : ms.toFixed(2)} ms`;
}

/** `end_call` as people write it. */
export function spaced(code: string): string {
  return code.replaceAll("_", " ");
}
