import type { ComponentChildren } from "preact";

/** Something that went wrong, and what to do. */
export function Failure({ children }: { children: ComponentChildren }) {
  return <p class="failure" role="alert">{children}</p>;
}

/** That there is nothing, and how there would be something. */
export function Empty({ children }: { children: ComponentChildren }) {
  return <p class="empty">{children}</p>;
}
