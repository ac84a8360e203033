// ---- Marks: signs between the lanes that say on hover, focus and tap what happened ----

const marks = data.marks.map(([kind, speaker, from, to, text]) => {
  const item = document.createElement("li"), button = document.createElement("button"), sign = document.createElement("span");
  let place = null;
  if (kind === "silence") {
    place = document.createElement("span");
    place.className = "place silence";
    item.append(place);
  }
  button.type = "button";
  button.className = "p" + speaker;
  button.setAttribute("aria-label", text);
  sign.className = "sample " + kind;
  button.append(sign);
  item.append(button);
  $("marks").append(item);
  const mark = { kind, speaker, from, to: Math.max(to, from), text, item, button, place };
  button.addEventListener("click", () => {
    seek(Math.max(from - 1, 0));
    explain(mark);
  });
  for (const enter of ["pointerenter", "focus"]) button.addEventListener(enter, () => explain(mark));
  for (const leave of ["pointerleave", "blur"]) button.addEventListener(leave, () => ($("tip").hidden = true));
  return mark;
});

const middle = (mark) => (mark.kind === "silence" ? (mark.from + mark.to) / 2 : mark.from);

function placeMarks() {
  for (const mark of marks) {
    mark.item.hidden = mark.to < view.from || mark.from > view.from + view.span;
    if (mark.item.hidden) continue;
    mark.button.style.left = Math.min(Math.max(share(middle(mark)), 0), 1) * 100 + "%";
    if (!mark.place) continue;
    mark.place.style.left = share(mark.from) * 100 + "%";
    mark.place.style.width = ((mark.to - mark.from) / view.span) * 100 + "%";
  }
}

function explain(mark) {
  const tip = $("tip");
  tip.textContent = mark.text;
  tip.hidden = false;
  const room = stage.clientWidth - tip.offsetWidth, wanted = share(middle(mark)) * stage.clientWidth - tip.offsetWidth / 2;
  tip.style.left = Math.min(Math.max(wanted, 0), Math.max(room, 0)) + "px";
}

