// ---- Position ----

const longest = turns.reduce((most, t) => Math.max(most, t.end - t.start), 0);
let speaking = new Set(), latest = null;

// Those who speak at `at`; a binary search finds where to look.
function speakers() {
  let low = 0, high = turns.length;
  while (low < high) {
    const half = (low + high) >> 1;
    if (turns[half].start <= at) low = half + 1;
    else high = half;
  }
  const found = [];
  for (let i = low - 1; i >= 0 && turns[i].start >= at - longest; i--) if (at < turns[i].end) found.unshift(turns[i]);
  return found;
}

function moveHead() {
  const inView = at >= view.from && at <= view.from + view.span;
  $("head").hidden = !inView;
  $("head").style.left = share(at) * 100 + "%";
}

function show() {
  $("now").textContent = clock(at);
  surface.setAttribute("aria-valuenow", at.toFixed(1));
  surface.setAttribute("aria-valuetext", clock(at) + " of " + clock(duration));
  const current = new Set(at > 0 || playing() ? speakers() : []);
  for (const turn of speaking) {
    if (current.has(turn)) continue;
    turn.item.classList.remove("current");
    turn.item.removeAttribute("aria-current");
  }
  for (const turn of current) {
    if (speaking.has(turn)) continue;
    turn.item.classList.add("current");
    turn.item.setAttribute("aria-current", "true");
    if (follow && playing()) reveal(turn.item);
    latest = turn;
  }
  speaking = current;
  showWords(current);
  if (playing() && follow && (at < view.from || at > view.from + view.span * 0.94)) look(at - view.span * 0.06, view.span);
  else {
    moveHead();
    draw();
    if (!$("overview").hidden) overview();
  }
}

function reveal(item) {
  const sticky = getComputedStyle(player).position === "sticky" ? player.getBoundingClientRect().bottom : 0;
  const box = item.getBoundingClientRect(), top = Math.max(sticky, 0) + 16;
  if (box.top >= top && box.bottom <= innerHeight - 24) return;
  const room = innerHeight - top, to = scrollY + box.top - top - Math.max((room - box.height) / 3, 0);
  scrollTo({ top: to, behavior: calm.matches || Math.abs(to - scrollY) > 4 * innerHeight ? "auto" : "smooth" });
}

function seek(t) {
  at = clamp(t);
  if (audio && audio.readyState > 0) audio.currentTime = at;
  else pending = at;
  if (at < view.from || at > view.from + view.span) look(at - view.span * 0.1, view.span);
  show();
}

// To the next or the previous turn.
function step(by) {
  const next = by > 0 ? turns.find((t) => t.start > at + 0.05) : turns.findLast((t) => t.start < at - 0.75);
  seek(next ? next.start : by > 0 ? duration : 0);
  if (next) reveal(next.item);
}

function tick() {
  at = clamp(audio.currentTime);
  show();
  if (playing()) requestAnimationFrame(tick);
}

