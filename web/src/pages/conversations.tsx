import { useEffect, useState } from "preact/hooks";
import { get, words, type Schema } from "../api/client";
import { clock, moment, spaced } from "../parts/format";
import { Empty, Failure } from "../parts/notice";

type Brief = Schema["Brief"];

/** What is kept, newest first. */
export function Conversations() {
  const [kept, setKept] = useState<Brief[]>();
  const [total, setTotal] = useState(0);
  const [failure, setFailure] = useState("");
  useEffect(() => {
    const look = () => get("/api/v1/conversations", {}).then(
      (listed) => { setKept(listed.conversations); setTotal(listed.total); setFailure(""); },
      (error: unknown) => setFailure(words(error)),
    );
    void look();
    const timer = window.setInterval(look, 5000);
    return () => window.clearInterval(timer);
  }, []);
  return (
    <>
      <header class="hero">
        <h1>Conversations</h1>
        <p class="lede">What was said, as sound and as text, with what came of it.</p>
      </header>
      {failure && <Failure>{failure}</Failure>}
      {kept?.length === 0 && (
        <Empty>None is kept yet. This holds one: <code class="line">duologue converse --scenario internet-outage</code></Empty>
      )}
      {!kept && !failure && <Empty>Looking …</Empty>}
      {kept && kept.length > 0 && (
        <ul class="card kept">
          {kept.map((one) => (
            <li key={one.id}>
              <a href={`/conversations/${one.id}`}>
                <b>{one.title}</b>
                <span class="sub">{one.agents.map((party) => party.name).join(" and ")}</span>
                <span class="time">{moment(one.started_at)}</span>
                <span class="time">{one.status === "running" ? "" : clock(one.duration_s)}</span>
                <Outcome of={one} />
              </a>
            </li>
          ))}
        </ul>
      )}
      {kept && total > kept.length && <p class="sub">The newest {kept.length} of {total}; <code>duologue conversation list</code> shows all.</p>}
    </>
  );
}

/** In two words: how it stands, or what came of it. */
export function Outcome({ of }: { of: Brief }) {
  if (of.status === "running") return <span class="live">live</span>;
  if (of.status === "cut_off") return <span class="pill none">cut off</span>;
  const failed = ["agent_error", "agent_join_timeout", "empty_response"].includes(of.end_reason ?? "");
  if (failed || of.end_reason === "cancelled") return <span class="pill none">{failed ? "failed" : "stopped"}</span>;
  return of.goal_reached ? <span class="pill pass">goal reached</span> : <span class="pill fail" title={spaced(of.end_reason ?? "")}>goal missed</span>;
}
