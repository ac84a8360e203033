// Finds and narrows; without it the changes that are more than chance are shown.
(() => {
  "use strict";
  const by = (id) => document.getElementById(id);
  const rows = [...by("changes").tBodies[0].rows];
  let verdicts = ["better", "worse", "differs"];
  function narrow() {
    const words = by("find").value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const fits = (!verdicts.length || verdicts.includes(row.dataset.verdict)) && words.every((word) => row.dataset.find.includes(word));
      row.hidden = !fits;
      shown += fits;
    }
    by("nothing").hidden = shown > 0;
  }
  by("find").addEventListener("input", narrow);
  by("states").addEventListener("click", ({ target }) => {
    const chip = target.closest("button");
    if (!chip) return;
    verdicts = chip.value.split(",").filter(Boolean);
    for (const each of by("states").children) each.setAttribute("aria-pressed", String(each === chip));
    narrow();
  });
  by("tools").hidden = false;
})();
