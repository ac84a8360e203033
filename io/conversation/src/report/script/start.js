// ---- Start ----

stage.hidden = false;
surface.setAttribute("aria-valuemax", duration.toFixed(1));
$("length").textContent = clock(duration);
document.body.classList.toggle("long", turns.length > 120);
if ($("bars")) {
  $("slowest").hidden = $("bars").children.length < 3;
  const scrollbar = () => $("bars").parentElement.style.setProperty("--scrollbar", $("bars").offsetWidth - $("bars").clientWidth + "px");
  new ResizeObserver(scrollbar).observe($("bars"));
}
$("controls").hidden = false;
for (const id of audio ? [] : ["play", "speed", "follow"]) $(id).hidden = true;
if (audio) {
  audio.controls = false;
  audio.hidden = true;
  $("listen").hidden = !data.embedded || !window.AudioContext;
  audio.addEventListener("play", () => {
    player.classList.add("playing");
    $("play").setAttribute("aria-label", "Pause");
    requestAnimationFrame(tick);
  });
  for (const stop of ["pause", "ended"]) {
    audio.addEventListener(stop, () => {
      player.classList.remove("playing");
      $("play").setAttribute("aria-label", "Play");
      show();
    });
  }
  // Somebody clicked before the file was open.
  audio.addEventListener("loadedmetadata", () => {
    if (pending !== null) audio.currentTime = pending;
    pending = null;
  });
  audio.addEventListener("error", trouble);
  if (audio.error) trouble();
  carriedAudio();
}
// A long recording opens where one can see something: about six pixels a second.
const room = Math.max(stage.clientWidth / 6, 45);
look(0, duration > room * 1.3 ? room : duration);
new ResizeObserver(() => look(view.from, view.span)).observe(stage);
document.addEventListener("themechange", () => {
  palette = {};
  draw();
  overview();
});
const wanted = /^#t=(\d+(?:\.\d+)?)$/.exec(location.hash);
if (wanted) seek(Number(wanted[1]));
else show();
