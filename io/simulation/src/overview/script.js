// Finds, narrows and sorts what the page shows; without it all is there, in the suite's order.
(() => {
  "use strict";
  const by = (id) => document.getElementById(id);
  const body = by("cases").tBodies[0], rows = [...body.rows], heads = [...document.querySelectorAll("#cases thead button")];
  const sort = by("sort"), metric = by("metric");
  let states = [], column = null, down = false;

  function narrow() {
    const words = by("find").value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const fits = (!states.length || states.includes(row.dataset.state)) && words.every((word) => row.dataset.find.includes(word));
      row.hidden = !fits;
      shown += fits;
    }
    by("nothing").hidden = shown > 0;
  }
  // The seeds stand third and are not sorted by.
  const key = (row) => row.cells[column < 2 ? column : column + 1].dataset.sort;
  function order(a, b) {
    const [x, y] = [key(a), key(b)];
    if (!x || !y) return (x ? 0 : 1) - (y ? 0 : 1);
    return (column === 0 ? x.localeCompare(y) : Number(x) - Number(y)) * (down ? -1 : 1);
  }
  function arrange(to, turned) {
    [column, down] = [to, turned];
    body.append(...(column === null ? rows : rows.slice().sort(order)));
    heads.forEach((head, n) => {
      const cell = head.closest("th");
      if (n === column) cell.setAttribute("aria-sort", down ? "descending" : "ascending");
      else cell.removeAttribute("aria-sort");
    });
    sort.value = column === null || column < 2 ? "" : String(column - 2);
  }
  by("find").addEventListener("input", narrow);
  by("states").addEventListener("click", ({ target }) => {
    const chip = target.closest("button");
    if (!chip) return;
    states = chip.value.split(" ").filter(Boolean);
    for (const each of by("states").children) each.setAttribute("aria-pressed", String(each === chip));
    narrow();
  });
  heads.forEach((head, n) => head.addEventListener("click", () => {
    if (column !== n) arrange(n, n > 0);
    else if (down === n > 0) arrange(n, !down);
    else arrange(null, false);
  }));
  sort.addEventListener("change", () => sort.value ? arrange(Number(sort.value) + 2, true) : arrange(null, false));
  const tables = [...document.querySelectorAll(".lines")];
  const choose = () => tables.forEach((table) => { table.hidden = table.dataset.metric !== metric.value; });
  metric.addEventListener("change", choose);
  if (tables.length) choose();
  by("tools").hidden = by("metrics").hidden = false;
})();
