// ---- Waveforms: what part of the recording is in view, and how it is drawn ----

// Sounds that nobody transcribed are spoken all the same.
const SOUNDS = ["backchannel", "overlap", "tic", "aside"];
const sounds = data.marks.filter(([kind]) => SOUNDS.includes(kind)).map(([, speaker, start, end]) => ({ speaker, start, end }));
const view = { from: 0, span: duration };
let bars = null;
const share = (t) => (t - view.from) / view.span;

// The loudest value under each bar; where there are no peaks, the times of the utterances.
function levels(speaker, count, from, span) {
  const values = peaks[speaker], perBar = (span * data.peaksPerSecond) / count, first = from * data.peaksPerSecond;
  return Float32Array.from({ length: count }, (_, i) => {
    if (!values.length || !(perBar > 0)) {
      const start = from + (i / count) * span, end = start + span / count;
      return turns.some((t) => t.speaker === speaker && t.start < end && t.end > start) ? 0.5 : 0;
    }
    let top = 0;
    const begin = Math.floor(first + i * perBar), end = Math.max(first + (i + 1) * perBar, begin + 1);
    for (let k = begin; k < end && k < values.length; k++) top = Math.max(top, values[k]);
    return Math.pow(top / 255, 0.75);
  });
}

function sized(canvas) {
  const { clientWidth: width, clientHeight: height } = canvas.parentElement, ratio = devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
  if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  return { pen, width, height };
}

function draw() {
  if (!stage.clientWidth) return;
  const { pen, width, height } = sized($("wave")), lane = (height - AXIS - BAND) / 2;
  const top = (speaker) => (speaker ? lane + BAND : 0), x = (t) => share(t) * width;
  const seen = (from, to) => to >= view.from && from <= view.from + view.span;
  if (!bars || bars.width !== width || bars.from !== view.from || bars.span !== view.span) {
    const count = Math.max(Math.floor(width / 3), 1);
    bars = { width, ...view, count, lanes: [0, 1].map((who) => levels(who, count, view.from, view.span)) };
  }
  for (const t of [...turns, ...sounds]) {
    if (!seen(t.start, t.end)) continue;
    const left = x(t.start), size = Math.max(x(t.end) - left, 2);
    pen.fillStyle = colour("--c" + t.speaker);
    pen.globalAlpha = t.start <= at && at < t.end ? 0.24 : 0.1;
    pen.beginPath();
    pen.roundRect(left, top(t.speaker), size, lane, 5);
    pen.fill();
    // The speaking bar, on the side of the other.
    pen.globalAlpha = 0.9;
    pen.fillRect(left, t.speaker ? lane + BAND : lane - 3, size, 3);
  }
  pen.globalAlpha = 1;
  for (const [from, to] of data.overlaps) {
    if (!seen(from, to)) continue;
    const left = x(from), size = Math.max(x(to) - left, 2);
    pen.fillStyle = colour("--overlap");
    pen.fillRect(left, 0, size, height - AXIS);
    pen.fillStyle = colour("--overlap-line");
    pen.fillRect(left, 0, 1, height - AXIS);
    pen.fillRect(left + size - 1, 0, 1, height - AXIS);
  }
  for (const speaker of [0, 1]) {
    const middle = top(speaker) + lane / 2;
    pen.fillStyle = colour("--c" + speaker);
    bars.lanes[speaker].forEach((level, i) => {
      const left = (i / bars.count) * width, size = Math.max(level * (lane - 12), 1.5);
      pen.globalAlpha = (left <= x(at) && at > 0 ? 1 : 0.62) * (level < 0.02 ? 0.45 : 1);
      pen.fillRect(left, middle - size / 2, 2, size);
    });
  }
  axis(pen, width, height, x);
}

function axis(pen, width, height, x) {
  const step = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 3600].find((s) => (s / view.span) * width >= 64) || 7200;
  pen.globalAlpha = 1;
  pen.fillStyle = colour("--faint");
  pen.font = "11px " + getComputedStyle(document.body).fontFamily;
  pen.textBaseline = "bottom";
  for (let t = Math.ceil(view.from / step) * step; t <= view.from + view.span; t += step) {
    const text = clock(t), room = pen.measureText(text).width;
    pen.fillText(text, Math.min(Math.max(x(t) - room / 2, 0), width - room), height);
  }
}

// The whole recording in a strip, with a frame around what is in view; only where that is a part.
function overview() {
  const part = view.span < duration * 0.999;
  $("overview").hidden = !part;
  if (!part) return;
  const { pen, width, height } = sized($("whole"));
  for (const t of turns) {
    pen.fillStyle = colour("--c" + t.speaker);
    pen.globalAlpha = 0.75;
    pen.fillRect((t.start / duration) * width, t.speaker ? height / 2 + 1 : 4, Math.max(((t.end - t.start) / duration) * width, 0.6), height / 2 - 5);
  }
  pen.globalAlpha = 1;
  pen.fillStyle = colour("--overlap-line");
  for (const [from, to] of data.overlaps) pen.fillRect((from / duration) * width, 0, Math.max(((to - from) / duration) * width, 1), height);
  pen.fillStyle = colour("--ink");
  pen.fillRect((at / duration) * width - 0.5, 0, 1.5, height);
  $("window").style.left = (view.from / duration) * 100 + "%";
  $("window").style.width = (view.span / duration) * 100 + "%";
}

// Shows `span` seconds from `from` on, as far as there are so many.
function look(from, span) {
  view.span = Math.min(Math.max(span, Math.min(4, duration)), duration);
  view.from = Math.min(Math.max(from, 0), duration - view.span);
  $("tip").hidden = true;
  $("wider").disabled = view.span >= duration;
  $("closer").disabled = view.span <= Math.min(4, duration);
  placeMarks();
  moveHead();
  draw();
  overview();
}

// Halves or doubles the time in view; what is at `around` stays where it is.
function zoom(factor, around) {
  const span = Math.min(Math.max(view.span * factor, Math.min(4, duration)), duration);
  look(around - share(around) * span, span);
}

