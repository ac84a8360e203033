// The player: two waveforms, marks, a playhead, a transcript that follows. The page is complete without it.
const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const audio = $("audio"), stage = $("stage"), surface = $("surface"), player = $("player");
const duration = Math.max(data.duration, 0.001);
const peaks = data.peaks.map((text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)));
const turns = data.turns.map(([speaker, start, end, begun], i) => ({ speaker, start, end: Math.max(end, start), begun, item: $("turn-" + i) }));
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const STEP = 5, AXIS = 18, BAND = 22;
let at = 0, follow = true;

const clamp = (t) => Math.min(Math.max(Number.isFinite(t) ? t : 0, 0), duration);
const clock = (t) => {
  const s = Math.floor(t), h = Math.floor(s / 3600), m = Math.floor(s / 60) % 60, two = (n) => String(n).padStart(2, "0");
  return h ? h + ":" + two(m) + ":" + two(s % 60) : m + ":" + two(s % 60);
};

// Canvases need colours as they are now, not as the stylesheet writes them.
let palette = {};
function colour(name) {
  if (!(name in palette)) {
    const probe = document.createElement("i");
    probe.style.color = "var(" + name + ")";
    document.body.append(probe);
    palette[name] = getComputedStyle(probe).color;
    probe.remove();
  }
  return palette[name];
}

