// Requests to the platform, by the types of its contract.
import type { components, paths } from "./schema";

export type Schema = components["schemas"];

/** What the platform says went wrong (RFC 9457). */
export class Refusal extends Error {
  constructor(readonly status: number, readonly kind: string, message: string) {
    super(message);
  }
}

type Method = "get" | "post" | "delete";
type Has<M extends Method> = { [P in keyof paths]: paths[P] extends Record<M, { responses: object }> ? P : never }[keyof paths];
type Operation<P extends keyof paths, M extends Method> = paths[P] extends Record<M, infer O> ? O : never;
type Json<T> = T extends { content: { "application/json": infer B } } ? B : undefined;
type Good<R> = R extends { 200: infer G } ? Json<G> : R extends { 201: infer G } ? Json<G> : undefined;
type Answer<O> = O extends { responses: infer R } ? Good<R> : never;
type Inside<O> = O extends { parameters: { path: infer V } } ? V : Record<string, never>;
type Queried<O> = O extends { parameters: { query?: infer Q } } ? NonNullable<Q> : Record<string, never>;
type Asked<O> = O extends { requestBody: { content: { "application/json": infer B } } } ? B : undefined;

/** An address with its names filled in. */
export function address(template: string, values: Record<string, unknown> = {}): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(values[name])));
}

async function ask<P extends keyof paths & string, M extends Method>(
  method: M,
  path: P,
  values: unknown,
  body: unknown,
  query: Record<string, unknown> = {},
): Promise<Answer<Operation<P, M>>> {
  const init: RequestInit = { method: method.toUpperCase(), headers: { accept: "application/json" } };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { accept: "application/json", "content-type": "application/json" };
  }
  const sought = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)])).toString();
  const response = await fetch(address(path, values as Record<string, unknown>) + (sought && `?${sought}`), init).catch(() => {
    throw new Refusal(0, "away", "The platform does not answer. Is `duologue up` still running?");
  });
  if (!response.ok) throw await refusal(response);
  return (response.status === 204 ? undefined : await response.json()) as Answer<Operation<P, M>>;
}

async function refusal(response: Response): Promise<Refusal> {
  const problem = (await response.json().catch(() => ({}))) as Partial<Schema["Problem"]>;
  const kind = (problem.type ?? "").replace("/problems/", "");
  if (response.status === 401) document.dispatchEvent(new Event("loginneeded"));
  return new Refusal(response.status, kind, problem.detail ?? `The platform answered ${response.status}.`);
}

export const get = <P extends Has<"get"> & string>(path: P, values: Inside<Operation<P, "get">>, query?: Queried<Operation<P, "get">>) =>
  ask("get", path, values, undefined, query);
export const post = <P extends Has<"post"> & string>(path: P, values: Inside<Operation<P, "post">>, body: Asked<Operation<P, "post">>) =>
  ask("post", path, values, body);
export const remove = <P extends Has<"delete"> & string>(path: P, values: Inside<Operation<P, "delete">>) =>
  ask("delete", path, values, undefined);

/** In words, whatever was thrown. */
export function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
