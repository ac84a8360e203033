import type { Schema } from "../api/client";
import { Meter } from "./meter";

type Participant = Schema["Participant"];

const KINDS: Record<Schema["ParticipantKind"], string> = {
  standard: "person", agent: "agent", sip: "telephone", ingress: "stream", egress: "recorder",
  connector: "service", bridge: "bridge", unknown: "participant",
};

/** What people call somebody. */
export function nameOf(who: Participant): string {
  return who.name || who.attributes["lk.agent_name"] || who.attributes["lk.agent.name"] || who.identity;
}

/** The colour of a party: that of the customer for people and customers, the other for agents. */
export function colourOf(who: Participant): "p0" | "p1" {
  const named = `${who.identity} ${who.attributes["lk.agent_name"] ?? ""}`;
  if (named.includes("support")) return "p0";
  return named.includes("customer") || who.kind !== "agent" ? "p1" : "p0";
}

/** First letters of the first two words. */
export function initials(name: string): string {
  return name.split(/[\s_-]+/).map((word) => word.match(/[\p{L}\p{N}]/u)?.[0] ?? "").join("").slice(0, 2).toUpperCase() || "?";
}

/** Somebody in a room: who, what they do at the moment, and how loud they are. */
export function Person({ who, level, own }: { who: Participant; level: number; own?: boolean }) {
  const name = nameOf(who);
  const muted = who.tracks.some((track) => track.audio) && who.tracks.every((track) => !track.audio || track.muted);
  const silent = !who.tracks.some((track) => track.audio);
  return (
    <li class={`person ${colourOf(who)}`}>
      <span class="face" aria-hidden="true">{initials(name)}</span>
      <span class="who">
        <b>{name}{own ? " (you)" : ""}</b>
        <span class="sub">{KINDS[who.kind]}{silent ? ", sends no sound" : muted ? ", muted" : ""}</span>
      </span>
      {who.agent_state !== undefined && <span class={`state ${who.agent_state}`}>{who.agent_state}</span>}
      <Meter level={level} of={name} />
    </li>
  );
}
