// Which page is shown: the path of the address, changed without loading anew.
import { useEffect, useState } from "preact/hooks";

/** Shows another page. */
export function go(path: string): void {
  history.pushState(null, "", path);
  dispatchEvent(new PopStateEvent("popstate"));
  scrollTo(0, 0);
  document.getElementById("main")?.focus({ preventScroll: true });
}

/** The path as it changes. */
export function usePath(): string {
  const [path, setPath] = useState(location.pathname);
  useEffect(() => {
    const moved = () => setPath(location.pathname);
    const clicked = (event: MouseEvent) => {
      const link = (event.target as Element).closest("a");
      const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.defaultPrevented;
      if (!link || !plain || link.target || link.origin !== location.origin || link.hash) return;
      if (/^\/(api|openapi|problems)/.test(link.pathname)) return;
      event.preventDefault();
      go(link.pathname + link.search);
    };
    addEventListener("popstate", moved);
    document.addEventListener("click", clicked);
    return () => {
      removeEventListener("popstate", moved);
      document.removeEventListener("click", clicked);
    };
  }, []);
  useEffect(() => {
    for (const link of document.querySelectorAll<HTMLAnchorElement>("nav a")) {
      const here = link.pathname === "/" ? path === "/" || path.startsWith("/rooms") : path.startsWith(link.pathname);
      if (here) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
  }, [path]);
  return path;
}
