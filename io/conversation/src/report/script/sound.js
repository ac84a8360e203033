// ---- Sound ----

const playing = () => Boolean(audio) && !audio.paused && !audio.ended;
let sound = null, listen = "both", pending = null;

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
  } catch {
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
  if (!audio || audio.error) return;
  route();
  if (sound) sound.context.resume();
  audio.play().catch(trouble);
}

function toggle() {
  if (playing()) audio.pause();
  else play();
}

// The rest of the page works without sound.
function trouble() {
  if (!audio.error) return;
  $("play").disabled = true;
  $("trouble").hidden = false;
  $("trouble").textContent = data.embedded
    ? "This browser cannot play the recording (Ogg Opus). Save it below and open it in another player."
    : "The recording cannot be played: its file is missing beside this page, or this browser does not know Ogg Opus.";
}

// The bytes that the player has, as a link.
function carriedAudio() {
  const item = $("carried-audio");
  if (!item || !audio) return;
  const [head, body] = audio.getAttribute("src").split(",", 2);
  try {
    const bytes = Uint8Array.from(atob(body), (c) => c.charCodeAt(0));
    item.firstElementChild.href = URL.createObjectURL(new Blob([bytes], { type: head.slice(5).split(";")[0] }));
    item.hidden = false;
  } catch { /* no link, then */ }
}

