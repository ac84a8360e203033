// The player: two waveforms, a playhead, a transcript that follows. The page is complete without it.
(() => {
  "use strict";
  const data = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  const audio = $("audio"), stage = $("stage"), canvas = $("wave"), player = $("player");
  const duration = Math.max(data.duration, 0.001);
  const peaks = data.peaks.map((text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)));
  const turns = data.turns.map(([speaker, start, end], i) => ({ speaker, start, end, item: $("turn-" + i) }));
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const STEP = 5, AXIS = 16;
  let at = 0, follow = true, current = -1, bars = null;

  const clamp = (t) => Math.min(Math.max(t, 0), duration);
  const clock = (t) => {
    const s = Math.floor(t), h = Math.floor(s / 3600), m = Math.floor(s / 60) % 60, two = (n) => String(n).padStart(2, "0");
    return h ? h + ":" + two(m) + ":" + two(s % 60) : m + ":" + two(s % 60);
  };

  // ---- Waveforms ----

  // The loudest value under each bar; where there are no peaks, the times of the utterances.
  function levels(speaker, count) {
    const values = peaks[speaker], perBar = (duration * data.peaksPerSecond) / count;
    return Float32Array.from({ length: count }, (_, i) => {
      if (!values.length) {
        const from = (i / count) * duration, to = ((i + 1) / count) * duration;
        return turns.some((t) => t.speaker === speaker && t.start < to && t.end > from) ? 0.5 : 0;
      }
      let top = 0;
      for (let k = Math.floor(i * perBar); k < Math.max((i + 1) * perBar, i * perBar + 1) && k < values.length; k++) {
        top = Math.max(top, values[k]);
      }
      return Math.pow(top / 255, 0.75);
    });
  }

  function draw() {
    const { clientWidth: width, clientHeight: height } = stage, ratio = devicePixelRatio || 1;
    if (!width) return;
    if (!bars || bars.width !== width || bars.height !== height || bars.ratio !== ratio) {
      const count = Math.max(Math.floor(width / 3), 1);
      bars = { width, height, ratio, count, lanes: [levels(0, count), levels(1, count)] };
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    const style = getComputedStyle(stage), colour = (name) => style.getPropertyValue(name).trim();
    const pen = canvas.getContext("2d"), lane = (height - AXIS) / 2, x = (t) => (t / duration) * width;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    for (const t of turns) {
      pen.globalAlpha = t.start <= at && at < t.end ? 0.2 : 0.07;
      pen.fillStyle = colour("--c" + t.speaker);
      pen.beginPath();
      pen.roundRect(x(t.start), t.speaker * lane + 2, Math.max(x(t.end) - x(t.start), 2), lane - 4, 5);
      pen.fill();
    }
    pen.globalAlpha = 1;
    pen.fillStyle = colour("--overlap");
    for (const [from, to] of data.overlaps) pen.fillRect(x(from), 0, Math.max(x(to) - x(from), 2), 2 * lane);
    for (const speaker of [0, 1]) {
      const middle = speaker * lane + lane / 2;
      pen.fillStyle = colour("--c" + speaker);
      bars.lanes[speaker].forEach((level, i) => {
        const left = (i / bars.count) * width, size = Math.max(level * (lane - 8), 1.5);
        pen.globalAlpha = (left <= x(at) && at > 0 ? 1 : 0.6) * (level < 0.02 ? 0.5 : 1);
        pen.fillRect(left, middle - size / 2, 2, size);
      });
    }
    axis(pen, width, height, x, colour("--faint"));
    for (const [speaker, t] of data.tools) {
      pen.fillStyle = colour("--c" + speaker);
      pen.beginPath();
      pen.arc(x(t), 2 * lane + 1, 3, 0, 7);
      pen.fill();
    }
  }

  function axis(pen, width, height, x, colour) {
    const step = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 3600].find((s) => x(s) >= 64) || 7200;
    pen.globalAlpha = 1;
    pen.fillStyle = colour;
    pen.font = "11px " + getComputedStyle(document.body).fontFamily;
    pen.textBaseline = "bottom";
    for (let t = 0; t <= duration; t += step) {
      const text = clock(t), room = pen.measureText(text).width;
      pen.fillText(text, Math.min(Math.max(x(t) - room / 2, 0), width - room), height);
    }
  }

  // ---- Position ----

  function show() {
    $("now").textContent = clock(at);
    $("head").style.left = (at / duration) * 100 + "%";
    stage.setAttribute("aria-valuenow", at.toFixed(1));
    stage.setAttribute("aria-valuetext", clock(at) + " of " + clock(duration));
    let latest = -1;
    turns.forEach((t, i) => {
      const speaking = t.start <= at && at < t.end && (at > 0 || playing());
      t.item.classList.toggle("current", speaking);
      if (speaking) t.item.setAttribute("aria-current", "true");
      else t.item.removeAttribute("aria-current");
      if (speaking) latest = i;
    });
    if (latest >= 0 && latest !== current && follow && playing()) reveal(turns[latest].item);
    if (latest >= 0) current = latest;
    draw();
  }

  function reveal(item) {
    const box = item.getBoundingClientRect(), top = player.getBoundingClientRect().bottom + 16;
    if (box.top >= top && box.bottom <= innerHeight - 24) return;
    const room = innerHeight - top, to = scrollY + box.top - top - Math.max((room - box.height) / 3, 0);
    scrollTo({ top: to, behavior: calm.matches ? "auto" : "smooth" });
  }

  function seek(t) {
    at = clamp(t);
    if (audio) audio.currentTime = at;
    show();
  }

  function tick() {
    at = clamp(audio.currentTime);
    show();
    if (playing()) requestAnimationFrame(tick);
  }

  // ---- Sound ----

  const playing = () => Boolean(audio) && !audio.paused && !audio.ended;
  let sound = null, listen = "both";

  // Both voices near the middle instead of one in each ear, and either one alone. Only for audio inside the page: browsers
  // mute linked files here.
  function route() {
    if (sound || !data.embedded || !window.AudioContext) return;
    try {
      const context = new AudioContext(), splitter = context.createChannelSplitter(2);
      const source = context.createMediaElementSource(audio);
      source.channelCount = 2;
      source.connect(splitter);
      const voices = [-0.3, 0.3].map((side, channel) => {
        const gain = context.createGain(), pan = context.createStereoPanner();
        pan.pan.value = side;
        splitter.connect(gain, channel).connect(pan).connect(context.destination);
        return gain;
      });
      sound = { context, voices };
      choose(listen);
    } catch (error) {
      $("listen").hidden = true;
    }
  }

  function choose(who) {
    listen = who;
    for (const button of $("listen").querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button.dataset.listen === who));
    }
    if (sound) sound.voices.forEach((voice, i) => (voice.gain.value = who === "both" || who === String(i) ? 1 : 0));
  }

  function play() {
    if (!audio) return;
    route();
    if (sound) sound.context.resume();
    audio.play().catch(trouble);
  }

  function toggle() {
    if (playing()) audio.pause();
    else play();
  }

  function trouble() {
    if (!audio.error) return;
    $("trouble").hidden = false;
    $("trouble").textContent =
      "This browser cannot play the recording (Ogg Opus). Open the audio file beside this page in another player.";
  }

  // ---- Hands ----

  function time(event) {
    const box = stage.getBoundingClientRect();
    return clamp(((event.clientX - box.left) / box.width) * duration);
  }

  stage.addEventListener("pointerdown", (event) => {
    if (event.button > 0) return;
    stage.setPointerCapture(event.pointerId);
    seek(time(event));
  });
  stage.addEventListener("pointermove", (event) => {
    const t = time(event), ghost = $("ghost");
    ghost.style.opacity = event.pointerType === "mouse" ? 1 : 0;
    ghost.style.left = (t / duration) * 100 + "%";
    ghost.firstElementChild.textContent = clock(t);
    if (stage.hasPointerCapture(event.pointerId)) seek(t);
  });
  stage.addEventListener("pointerleave", () => ($("ghost").style.opacity = 0));

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-play]");
    const bubble = event.target.closest(".bubble");
    const start = button || (bubble && getSelection().isCollapsed && bubble.querySelector("[data-play]"));
    if (!start) return;
    seek(Number(start.dataset.play));
    follow = true;
    $("follow").setAttribute("aria-pressed", "true");
    play();
    if (start.dataset.goto) reveal($(start.dataset.goto));
  });

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const control = event.target.closest("button, a, summary, input, audio");
    const keys = { ArrowLeft: () => seek(at - STEP), ArrowRight: () => seek(at + STEP) };
    if (!control) keys[" "] = toggle;
    if (event.target === stage) {
      Object.assign(keys, { Home: () => seek(0), End: () => seek(duration), Enter: toggle });
    }
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });

  $("play").addEventListener("click", toggle);
  $("listen").addEventListener("click", (event) => {
    const button = event.target.closest("[data-listen]");
    if (button) choose(button.dataset.listen);
  });
  $("follow").addEventListener("click", () => {
    follow = !follow;
    $("follow").setAttribute("aria-pressed", String(follow));
    if (follow && current >= 0) reveal(turns[current].item);
  });
  $("speed").addEventListener("click", () => {
    const speeds = [1, 1.25, 1.5, 2], next = speeds[(speeds.indexOf(audio.playbackRate) + 1) % speeds.length];
    audio.playbackRate = next;
    $("speed").textContent = next + "×";
    $("speed").setAttribute("aria-label", "Speed " + next + " times");
  });
  // Whoever scrolls wants to read elsewhere.
  for (const gesture of ["wheel", "touchmove"]) {
    addEventListener(gesture, () => {
      if (!playing()) return;
      follow = false;
      $("follow").setAttribute("aria-pressed", "false");
    }, { passive: true });
  }

  // ---- Start ----

  stage.hidden = false;
  stage.setAttribute("aria-valuemax", duration.toFixed(1));
  $("length").textContent = clock(duration);
  if (audio) {
    audio.controls = false;
    audio.hidden = true;
    $("controls").hidden = false;
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
    audio.addEventListener("error", trouble);
    if (audio.error) trouble();
  }
  new ResizeObserver(draw).observe(stage);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  const wanted = /^#t=(\d+(?:\.\d+)?)$/.exec(location.hash);
  if (wanted) seek(Number(wanted[1]));
  else show();
})();
