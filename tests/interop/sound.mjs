// A tone to be sent, and the loudest tone in what was heard.

export const RATE = 48_000;
const WINDOW = 16_384; // samples: bins of 2.9 Hz

/** Frames of 10 ms of a tone, one after the other. */
export function* frames(tone) {
  const length = RATE / 100;
  for (let at = 0; ; at += length) {
    yield Int16Array.from({ length }, (_, i) => 8_000 * Math.sin((2 * Math.PI * tone * (at + i)) / RATE));
  }
}

/** Collects samples; gives the loudest frequency of each full window that is not silent, else nothing. */
export class Ear {
  #samples = new Float64Array(WINDOW);
  #filled = 0;

  hear(samples) {
    let heard;
    for (const sample of samples) {
      this.#samples[this.#filled++] = sample;
      if (this.#filled === WINDOW) {
        this.#filled = 0;
        heard = loudest(this.#samples) ?? heard;
      }
    }
    return heard;
  }
}

function loudest(samples) {
  const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
  if (Math.sqrt(power) < 100) return undefined;
  const re = samples.map((sample, i) => sample * (0.5 - 0.5 * Math.cos((2 * Math.PI * i) / WINDOW)));
  const im = new Float64Array(WINDOW);
  transform(re, im);
  let best = 1;
  for (let bin = 1; bin < WINDOW / 2; bin++) {
    if (re[bin] ** 2 + im[bin] ** 2 > re[best] ** 2 + im[best] ** 2) best = bin;
  }
  return Math.round((best * RATE * 10) / WINDOW) / 10;
}

/** A Fourier transform in place (Cooley and Tukey, radix 2). */
function transform(re, im) {
  const n = re.length;
  for (let i = 1, j = 0; i < n; i++) {
    let bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) [re[i], re[j], im[i], im[j]] = [re[j], re[i], im[j], im[i]];
  }
  for (let size = 2; size <= n; size *= 2) {
    const angle = (-2 * Math.PI) / size;
    for (let start = 0; start < n; start += size) {
      for (let k = 0; k < size / 2; k++) {
        const [cos, sin] = [Math.cos(angle * k), Math.sin(angle * k)];
        const [a, b] = [start + k, start + k + size / 2];
        const [x, y] = [re[b] * cos - im[b] * sin, re[b] * sin + im[b] * cos];
        [re[b], im[b], re[a], im[a]] = [re[a] - x, im[a] - y, re[a] + x, im[a] + y];
      }
    }
  }
}
