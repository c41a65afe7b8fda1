// Which items are shown, and in which order.
const filters = { text: "", state: "", model: "", tag: "", order: "brief", starred: false };

const ORDERS = {
  brief: ["Order of the list", (one, other) => one.place - other.place],
  trouble: ["Trouble first", (one, other) => STATES.indexOf(one.state) - STATES.indexOf(other.state)],
  newest: ["Newest first", (one, other) => landedAt(other).localeCompare(landedAt(one))],
  cost: ["Dearest first", (one, other) => (other.cost ?? -1) - (one.cost ?? -1)],
  longest: ["Longest first", (one, other) => (other.seconds ?? -1) - (one.seconds ?? -1)],
  id: ["By id", (one, other) => one.id.localeCompare(other.id, "en", { numeric: true }) || one.take - other.take],
};

let shownItems = [];

const passes = (item) =>
  (!filters.state || item.state === filters.state)
  && (!filters.model || madeBy(item).includes(filters.model))
  && (!filters.tag || item.brief?.tags?.includes(filters.tag))
  && (!filters.starred || stars.has(item))
  && filters.text.split(/\s+/).every((word) => item.words.includes(word));

const applyFilters = () => {
  const [, compare] = ORDERS[filters.order];
  shownItems = items.filter(passes).sort((one, other) => compare(one, other) || one.place - other.place);
  const all = shownItems.length === items.length;
  $("count").textContent = all ? counted(items.length, "item") : `${amounts.format(shownItems.length)} of ${counted(items.length, "item")}`;
  for (const button of $("states").children) {
    button.setAttribute("aria-pressed", String(button.dataset.state === filters.state));
  }
  showCards(shownItems);
  $("nothing").hidden = shownItems.length > 0;
  $("grid").hidden = shownItems.length === 0;
};

const clearFilters = () => {
  Object.assign(filters, { text: "", state: "", model: "", tag: "", starred: false });
  $("search-field").value = $("model").value = $("tag").value = "";
  applyFilters();
  showStarred();
  $("search-field").focus();
};

const option = (value, said) => el("option", { value }, said);

const fillSelect = (name, first, values) => {
  const select = $(name);
  if (values.length < 2 && first) select.hidden = true;
  select.replaceChildren(...(first ? [option("", first)] : []), ...values.map(([value, said]) => option(value, said)));
  select.addEventListener("change", () => {
    filters[name] = select.value;
    applyFilters();
  });
};

const tallied = (lists) => {
  const counts = new Map();
  for (const value of lists.flat()) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort().map(([value, count]) => [value, `${value} (${amounts.format(count)})`]);
};

const fillFilters = () => {
  const counts = new Map();
  for (const item of items) counts.set(item.state, (counts.get(item.state) ?? 0) + 1);
  const states = [["", "All", items.length], ...STATES.toReversed().filter((state) => counts.has(state)).map((state) => [state, state === "unknown" ? "Unknown" : SAID[state], counts.get(state)])];
  $("states").append(...states.map(([state, said, count]) =>
    el("button", { type: "button", class: "chip", "data-state": state, "aria-pressed": "false", onclick: () => {
      filters.state = state;
      applyFilters();
    } }, el("span", { class: `dot ${state}` }), said, " ", el("span", { class: "number" }, amounts.format(count)))));
  $("states").hidden = counts.size < 2;
  fillSelect("model", "All models", tallied(items.map(madeBy)));
  fillSelect("tag", "All tags", tallied(items.map((item) => item.brief?.tags ?? [])));
  fillSelect("order", "", Object.entries(ORDERS).map(([name, [said]]) => [name, said]));
  $("search-field").addEventListener("input", (event) => {
    filters.text = event.target.value.toLowerCase().trim();
    applyFilters();
  });
  $("nothing").append(el("p", {}, el("strong", {}, items.length ? "Nothing matches." : "There is nothing in this batch yet.")),
    items.length ? el("button", { type: "button", class: "quiet", onclick: clearFilters }, "Show everything") : null);
};
