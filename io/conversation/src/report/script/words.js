// ---- Words: which one is being said ----

const LOUD = 6;
const highlight = window.Highlight && window.CSS && CSS.highlights ? new Highlight() : null;
if (highlight) CSS.highlights.set("spoken", highlight);

// Sound between two times: a pause takes no words.
function voiced(speaker, from, to) {
  const values = peaks[speaker], rate = data.peaksPerSecond;
  if (!values.length || !rate) return Math.max(to - from, 0);
  let sum = 0;
  for (let k = Math.floor(from * rate); k < to * rate && k < values.length; k++) {
    if (values[k] < LOUD) continue;
    sum += Math.min((k + 1) / rate, to) - Math.max(k / rate, from);
  }
  return sum;
}

// The words of a turn, and at which texts they stand: found once.
function wordsOf(turn) {
  if (turn.words) return turn.words;
  const walker = document.createTreeWalker(turn.item.querySelector(".said"), NodeFilter.SHOW_TEXT), nodes = [];
  let text = "";
  while (walker.nextNode()) {
    nodes.push({ node: walker.currentNode, start: text.length });
    text += walker.currentNode.data;
  }
  const words = Array.from(text.matchAll(/\S+/g), (m) => ({ start: m.index, end: m.index + m[0].length }));
  return (turn.words = { nodes, words, length: text.length });
}

// How many characters were said: from one known place to the next in step with the sound.
function said(turn, t) {
  const { length } = wordsOf(turn);
  const known = turn.begun.length ? turn.begun : [[turn.start, length]];
  let k = known.length - 1;
  while (k > 0 && known[k][0] > t) k--;
  const from = k ? known[k][0] : turn.start, to = k + 1 < known.length ? known[k + 1][0] : turn.end;
  const low = k ? Math.min(known[k - 1][1], length) : 0, high = k + 1 < known.length ? Math.min(known[k][1], length) : length;
  const whole = voiced(turn.speaker, from, to);
  return whole > 0 ? low + (high - low) * Math.min(voiced(turn.speaker, from, t) / whole, 1) : low;
}

function rangeOf(turn, { start, end }) {
  const { nodes } = wordsOf(turn), range = new Range();
  const place = (offset, set) => {
    const of = nodes.findLast((n) => n.start <= offset) || nodes[0];
    set.call(range, of.node, Math.min(offset - of.start, of.node.length));
  };
  place(start, range.setStart);
  // The end of a word may be the end of one text, not the start of the next.
  place(end - 1, range.setEnd);
  range.setEnd(range.endContainer, Math.min(range.endOffset + 1, range.endContainer.length));
  return range;
}

function showWords(current) {
  if (!highlight) return;
  highlight.clear();
  for (const turn of current) {
    const { words } = wordsOf(turn), offset = said(turn, at);
    const word = words.find((w) => offset < w.end) || words.at(-1);
    if (word) highlight.add(rangeOf(turn, word));
  }
}

