// The head of the page, and the first look.
const figure = (name, ...value) => el("div", {}, el("dt", {}, name), el("dd", {}, ...value));

const spentBy = () => Object.entries(data.totals.by_model ?? {}).map(([model, spent]) =>
  el("tr", {}, el("th", { scope: "row" }, model), el("td", {}, amounts.format(spent.jobs)),
    el("td", {}, money(spent.cost)), el("td", {}, spent.unpriced ? amounts.format(spent.unpriced) : "")));

const showSpent = () => {
  const rows = spentBy();
  if (!rows.length) return;
  $("figures").after(el("details", { class: "spent" }, el("summary", {}, "Cost by model"),
    el("div", { class: "scrolls" }, el("table", {},
      el("thead", {}, el("tr", {}, ...["Model", "Jobs", "Cost", "Cost not said"].map((name) => el("th", { scope: "col" }, name)))),
      el("tbody", {}, ...rows)))));
};

const showDates = () => {
  const { started, ended } = data;
  if (!started) {
    $("dates").append("As it lay in the bucket on ", when(data.written));
    return;
  }
  $("dates").append(when(started));
  if (ended) $("dates").append(" to ", when(ended, clock), `, ${lasted((new Date(ended) - new Date(started)) / 1000)}`);
  if (!ended || Math.abs(new Date(data.written) - new Date(ended)) > 60_000) {
    $("dates").append("; as it lay in the bucket on ", when(data.written));
  }
};

const showHead = () => {
  const { totals, budget } = data;
  $("batch").textContent = data.batch;
  showDates();
  const left = totals.briefs - totals.landed;
  $("figures").append(...[
    figure("Briefs", amounts.format(totals.briefs)),
    figure("Landed", amounts.format(totals.landed)),
    left ? figure("Not landed", amounts.format(left)) : null,
    figure("Cost", money(totals.cost), budget?.currency ? ` ${budget.currency}` : ""),
    budget ? figure("Budget", money(budget.limit), budget.currency ? ` ${budget.currency}` : "") : null,
  ].filter(Boolean));
  showSpent();
  $("footer").append(el("p", {}, "Written ", when(data.written), ". Everything here is also in ",
    data.until ? "manifest.jsonl" : el("a", { href: "manifest.jsonl" }, "manifest.jsonl"), " in ", el("code", {}, data.uri), "."));
};

const showNotices = () => {
  if (data.until) {
    const over = new Date(data.until) < new Date();
    notice("shared", el("strong", {}, over ? "This shared page has expired. " : "Shared page. "),
      over ? "Its pictures and videos could be seen until " : "Its pictures and videos can be seen until ", when(data.until),
      over ? "; ask for a new link." : ", by whoever has the link.");
  }
  if (data.left_out) {
    notice("plain", `This page holds the first ${counted(items.length, "item")}; ${amounts.format(data.left_out)} more are in manifest.jsonl.`);
  }
  if (data.unreadable) {
    notice("plain", `${counted(data.unreadable, "record")} in the bucket could not be read and ${data.unreadable === 1 ? "is" : "are"} not shown.`);
  }
};

const dark = matchMedia("(prefers-color-scheme: dark)");
const setTheme = (theme) => { document.documentElement.dataset.theme = theme; };
const themes = ["light", "dark"];
if (themes.includes(remembered.get("gallery-theme"))) setTheme(remembered.get("gallery-theme"));
$("theme-toggle").addEventListener("click", () => {
  const now = document.documentElement.dataset.theme ?? (dark.matches ? "dark" : "light");
  const next = now === "dark" ? "light" : "dark";
  setTheme(next);
  remembered.set("gallery-theme", next);
});

$("grid").addEventListener("keydown", onGridKey);
$("grid").addEventListener("focusin", (event) => setTabStop(event.target.closest(".card")));
$("details").addEventListener("keydown", onDetailsKey);
$("details").addEventListener("close", closedDetails);
$("details").addEventListener("click", (event) => { if (event.target === $("details")) $("details").close(); });
stars.onChange(showStarred);

showHead();
showNotices();
fillFilters();
applyFilters();
showStarred();
const named = byKey.get(location.hash.slice(1));
if (named) openDetails(named);
performance.mark("gallery-shown");
