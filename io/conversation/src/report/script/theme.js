// Light, dark or as the system has it: chosen by a switch, remembered by the browser. Runs in the head, before anything is
// painted. Where the browser remembers nothing (a sandbox), the choice holds for this page.
(() => {
  "use strict";
  const KEY = "duologue-theme", root = document.documentElement;
  const read = () => { try { return localStorage.getItem(KEY); } catch { return null; } };
  const keep = (choice) => { try { localStorage.setItem(KEY, choice); } catch { /* it holds for this page */ } };
  const CHOICES = {
    system: ["As the system", "M3.5 5h13v9h-13zM7 17h6M10 14v3"],
    light: ["Light", "M10 6.8a3.2 3.2 0 1 0 0 6.4 3.2 3.2 0 0 0 0-6.4zM10 2v1.6M10 16.4V18M2 10h1.6M16.4 10H18M4.3 4.3l1.2 1.2M14.5 14.5l1.2 1.2M4.3 15.7l1.2-1.2M14.5 5.5l1.2-1.2"],
    dark: ["Dark", "M16.5 11.8A6.8 6.8 0 0 1 8.2 3.5a6.8 6.8 0 1 0 8.3 8.3z"],
  };
  function choose(choice) {
    if (choice === "light" || choice === "dark") root.dataset.theme = choice;
    else delete root.dataset.theme;
    for (const button of document.querySelectorAll(".theme button")) {
      button.setAttribute("aria-pressed", String(button.value === (root.dataset.theme || "system")));
    }
    document.dispatchEvent(new Event("themechange"));
  }
  function icon(path) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg"), line = document.createElementNS(svg.namespaceURI, "path");
    svg.setAttribute("viewBox", "0 0 20 20");
    svg.setAttribute("aria-hidden", "true");
    line.setAttribute("d", path);
    svg.append(line);
    return svg;
  }
  choose(read());
  document.addEventListener("DOMContentLoaded", () => {
    for (const group of document.querySelectorAll(".theme")) {
      for (const [choice, [label, path]] of Object.entries(CHOICES)) {
        const button = document.createElement("button");
        Object.assign(button, { type: "button", value: choice, title: label });
        button.setAttribute("aria-label", label);
        button.append(icon(path));
        button.addEventListener("click", () => { keep(choice); choose(choice); });
        group.append(button);
      }
      group.hidden = false;
    }
    choose(read());
  });
  addEventListener("storage", (event) => { if (event.key === KEY) choose(event.newValue); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => document.dispatchEvent(new Event("themechange")));
})();
