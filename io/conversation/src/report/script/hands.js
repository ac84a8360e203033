// ---- Hands ----

const time = (event) => {
  const box = surface.getBoundingClientRect();
  return clamp(view.from + ((event.clientX - box.left) / box.width) * view.span);
};

surface.addEventListener("pointerdown", (event) => {
  if (event.button > 0) return;
  surface.setPointerCapture(event.pointerId);
  seek(time(event));
});
surface.addEventListener("pointermove", (event) => {
  const t = time(event), ghost = $("ghost");
  ghost.style.opacity = event.pointerType === "mouse" ? 1 : 0;
  ghost.style.left = share(t) * 100 + "%";
  ghost.firstElementChild.textContent = clock(t);
  if (surface.hasPointerCapture(event.pointerId)) seek(t);
});
surface.addEventListener("pointerleave", () => ($("ghost").style.opacity = 0));
stage.addEventListener("wheel", (event) => {
  if (event.ctrlKey) zoom(event.deltaY > 0 ? 1.25 : 0.8, time(event));
  else if (Math.abs(event.deltaX) > Math.abs(event.deltaY) && view.span < duration) look(view.from + (event.deltaX / stage.clientWidth) * view.span, view.span);
  else return;
  event.preventDefault();
}, { passive: false });

function pan(event) {
  const box = $("overview").getBoundingClientRect();
  look(((event.clientX - box.left) / box.width) * duration - view.span / 2, view.span);
}
$("overview").addEventListener("pointerdown", (event) => {
  $("overview").setPointerCapture(event.pointerId);
  pan(event);
});
$("overview").addEventListener("pointermove", (event) => {
  if ($("overview").hasPointerCapture(event.pointerId)) pan(event);
});

function setFollow(on) {
  follow = on;
  $("follow").setAttribute("aria-pressed", String(on));
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-play]"), bubble = event.target.closest(".bubble");
  const start = button || (bubble && getSelection().isCollapsed && bubble.querySelector("[data-play]"));
  if (!start) return;
  setFollow(true);
  seek(Number(start.dataset.play));
  play();
  if (start.dataset.goto) reveal($(start.dataset.goto));
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const control = event.target.closest("button, a, summary, input, audio");
  const keys = {
    ArrowLeft: () => (event.shiftKey ? step(-1) : seek(at - STEP)),
    ArrowRight: () => (event.shiftKey ? step(1) : seek(at + STEP)),
    "+": () => zoom(0.5, at),
    "-": () => zoom(2, at),
  };
  if (!control) keys[" "] = toggle;
  if (event.target === surface) Object.assign(keys, { Home: () => seek(0), End: () => seek(duration), Enter: toggle });
  if (event.key === "Escape") $("tip").hidden = true;
  if (!Object.hasOwn(keys, event.key)) return;
  event.preventDefault();
  keys[event.key]();
});

$("play").addEventListener("click", toggle);
$("closer").addEventListener("click", () => zoom(0.5, share(at) >= 0 && share(at) <= 1 ? at : view.from + view.span / 2));
$("wider").addEventListener("click", () => zoom(2, share(at) >= 0 && share(at) <= 1 ? at : view.from + view.span / 2));
$("listen").addEventListener("click", (event) => {
  const button = event.target.closest("[data-listen]");
  if (button) choose(button.dataset.listen);
});
$("follow").addEventListener("click", () => {
  setFollow(!follow);
  if (follow && latest) reveal(latest.item);
});
$("speed").addEventListener("click", () => {
  const speeds = [1, 1.25, 1.5, 2, 0.75], next = speeds[(speeds.indexOf(audio.playbackRate) + 1) % speeds.length];
  audio.playbackRate = next;
  $("speed").textContent = next + "×";
  $("speed").setAttribute("aria-label", "Speed " + next + " times");
});
$("slowest").addEventListener("click", () => {
  const slow = $("slowest").getAttribute("aria-pressed") !== "true", list = $("bars"), rows = [...list.children];
  $("slowest").setAttribute("aria-pressed", String(slow));
  rows.forEach((row, i) => (row.dataset.place ??= i));
  const key = slow ? (row) => -row.dataset.total : (row) => Number(row.dataset.place);
  list.append(...rows.sort((a, b) => key(a) - key(b)));
  list.scrollTop = 0;
});
// Whoever scrolls wants to read elsewhere.
for (const gesture of ["wheel", "touchmove"]) {
  addEventListener(gesture, (event) => {
    if (playing() && !player.contains(event.target)) setFollow(false);
  }, { passive: true });
}
addEventListener("beforeprint", () => document.querySelectorAll(".event details").forEach((d) => (d.open = true)));

