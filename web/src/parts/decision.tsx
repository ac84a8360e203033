import type { Schema } from "../api/client";

const SAID: Record<Schema["Outcome"], readonly [string, string]> = { ok: ["pass", "ok"], failed: ["fail", "failed"], denied: ["fail", "denied"] };

/** What came of a call, in a word. */
export function Verdict({ of }: { of: Schema["Outcome"] }) {
  const [colour, word] = SAID[of];
  return <span class={`pill ${colour}`}>{word}</span>;
}

/** What a policy said, and by which rule; or why there was none to ask. */
export function Decided({ of, brief }: { of: Schema["Decision"]; brief?: boolean }) {
  const isAllowed = of.outcome === "allow";
  const by = of.rule === undefined ? (of.cause === undefined ? "" : `: ${of.cause}`) : ` by ${of.rule}`;
  return <span class={`decided ${isAllowed ? "pass" : "fail"}`}>{isAllowed ? "allowed" : "denied"}{brief ? "" : by}</span>;
}
