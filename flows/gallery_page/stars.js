// Stars live in this browser; what they are for is a file of briefs for the next batch.
const stars = (() => {
  const place = `gallery-stars:${data.uri}`;
  const kept = new Set();
  try {
    for (const key of JSON.parse(remembered.get(place) ?? "[]")) if (byKey.has(key)) kept.add(key);
  } catch { /* somebody else's, or half a write: begin anew */ }
  const listeners = [];
  let stored = true;
  const changed = () => {
    stored = remembered.set(place, JSON.stringify([...kept]));
    for (const told of listeners) told();
  };
  return {
    has: (item) => kept.has(keyOf(item)),
    toggle(item) {
      if (!kept.delete(keyOf(item))) kept.add(keyOf(item));
      changed();
    },
    clear() {
      kept.clear();
      changed();
    },
    onChange: (told) => listeners.push(told),
    items: () => items.filter((item) => kept.has(keyOf(item))),
    get stored() { return stored; },
  };
})();

const starButton = (item) =>
  iconButton("star", `Star ${nameOf(item)}`, {
    class: "icon-button star",
    "data-star": keyOf(item),
    "aria-pressed": String(stars.has(item)),
    onclick: () => stars.toggle(item),
  });

stars.onChange(() => {
  for (const button of document.querySelectorAll("[data-star]")) {
    button.setAttribute("aria-pressed", String(stars.has(byKey.get(button.dataset.star))));
  }
});

// The brief again, with the prompts that were used, so that no model words it anew.
const briefOf = (item) => {
  const brief = { ...item.brief };
  for (const stage of ["image", "video"]) {
    const job = jobOf(item, stage);
    if (!job) continue;
    if (job.prompt) brief[`${stage}_prompt`] = job.prompt;
    brief[`${stage}_model`] ??= job.model;
  }
  brief.id = keyOf(item);
  return brief;
};

const isSpoken = (item) => Boolean(jobOf(item, "speech") || item.brief?.text || item.brief?.voice_sample);

// A spreadsheet runs a cell that begins so, and half of them part cells at semicolons. The no-break
// space in front makes it text; the reader of briefs takes it away again (flows/rows.py).
const FORMULA = /(^[;\t\r\n]*|[;\t\r\n]+)(?=\s*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20])/g;

const cell = (value) => {
  const text = Array.isArray(value) ? value.join(";") : String(value ?? "");
  return `"${text.replace(FORMULA, "$1\u00A0").replaceAll('"', '""')}"`;
};

const briefsFile = (starred) => {
  const briefs = starred.filter((item) => !isSpoken(item)).map(briefOf);
  const says = (brief, name) => ![undefined, null, ""].includes(brief[name]);
  const columns = data.columns.filter((name) =>
    ["id", "topic", "image_prompt", "video_prompt"].includes(name) || briefs.some((brief) => says(brief, name)));
  const rows = [columns, ...briefs.map((brief) => columns.map((name) => brief[name]))];
  // The mark in front tells spreadsheets that it is UTF-8.
  return `\uFEFF${rows.map((row) => row.map(cell).join(",")).join("\r\n")}\r\n`;
};

const download = (name, text) => {
  const url = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  el("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
};

const showStarred = () => {
  const bar = $("starred");
  const chosen = stars.items();
  if (filters.starred && !chosen.length) {
    filters.starred = false;
    applyFilters();
  }
  bar.hidden = chosen.length === 0;
  document.body.classList.toggle("has-starred", chosen.length > 0);
  const spoken = chosen.filter(isSpoken).length;
  const notes = [
    spoken ? `${counted(spoken, "spoken item")} cannot be in a file of briefs.` : "",
    stars.stored ? "" : "This browser keeps no stars for this page: export before you close it.",
  ].filter(Boolean).join(" ");
  bar.replaceChildren(
    el("p", { role: "status" }, el("strong", {}, `${amounts.format(chosen.length)} starred`),
      notes ? el("span", { class: "note" }, notes) : null),
    el("button", { type: "button", class: "quiet", onclick: () => { filters.starred = !filters.starred; applyFilters(); showStarred(); } },
      filters.starred ? "Show all" : "Show these"),
    el("button", { type: "button", class: "quiet", onclick: clearStars }, "Clear"),
    el("button", {
      type: "button", class: "primary", disabled: spoken === chosen.length,
      onclick: () => download(`${data.batch}-starred.csv`, briefsFile(chosen)),
    }, icon("export"), "Next batch (CSV)"));
};

const clearStars = () => {
  stars.clear();
  $("grid").querySelector(".open")?.focus();
};
