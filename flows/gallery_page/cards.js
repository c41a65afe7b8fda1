// One card for each item, made once and kept.
const cards = new Map();

const badge = (item) => el("span", { class: `badge ${item.state}` }, SAID[item.state] ?? item.state);

const shapeOf = (item) => {
  const job = jobOf(item, "video") ?? jobOf(item, "image");
  const [width, height] = job?.width ? [job.width, job.height] : (item.brief?.ratio ?? "16:9").split(":");
  return 4 * Number(height) > 3 * Number(width) ? "tall" : "wide";
};

const emptyFrame = (item) => {
  const troubled = item.state !== "pending" && item.state !== "landed";
  const said = item.error?.message ?? (item.state === "pending" ? "Nothing has landed yet." : "Nothing to show.");
  return el("div", { class: `placeholder ${item.state}` }, icon(troubled ? "trouble" : item.speech ? "sound" : "wait"),
    el("p", { dir: "auto" }, item.speech ? "Speech" : said));
};

const playHere = (item, frame) => {
  const kind = item.video ? "video" : "audio";
  const node = player(kind, item[kind === "video" ? "video" : "speech"], item, frame);
  if (kind === "video") frame.replaceChildren(node);
  else frame.replaceChildren(el("div", { class: "placeholder landed" }, icon("sound"), node));
  node.focus();
  node.play().catch(() => { /* its error event tells what there is to tell */ });
};

const frameOf = (item) => {
  const frame = el("div", { class: `frame ${shapeOf(item)}` });
  const still = item.poster ?? item.image;
  if (still) frame.append(picture(still, about(item).slice(0, 160) || item.id, frame, { loading: "lazy", onclick: () => openDetails(item) }));
  else frame.append(emptyFrame(item));
  if (item.video || item.speech) {
    frame.append(iconButton("play", `Play ${nameOf(item)}`, {
      class: "play", onclick: (event) => { event.stopPropagation(); playHere(item, frame); },
    }));
  }
  return frame;
};

const cardFacts = (item) => [
  item.seconds ? lasted(item.seconds) : null,
  item.cost === undefined ? null : money(item.cost),
  (jobOf(item, "video") ?? jobOf(item, "speech") ?? jobOf(item, "image"))?.model,
].filter(Boolean);

const makeCard = (item) => {
  const title = el("button", { type: "button", class: "open", onclick: () => openDetails(item) }, nameOf(item));
  const card = el("li", { class: `card ${item.state}`, "data-key": keyOf(item) },
    frameOf(item),
    el("div", { class: "card-words" },
      el("div", { class: "card-head" }, el("h3", {}, title), starButton(item)),
      el("p", { class: "about", dir: "auto" }, about(item) || "No prompt is on record."),
      el("p", { class: "facts" }, item.state === "landed" ? null : badge(item),
        ...cardFacts(item).map((fact) => el("span", {}, fact)))));
  reach(card, -1);
  return card;
};

const cardOf = (item) => {
  const key = keyOf(item);
  if (!cards.has(key)) cards.set(key, makeCard(item));
  return cards.get(key);
};

// The first screens at once, the rest while nobody waits: a thousand cards open as fast as forty.
const FIRST = 40;
const AT_ONCE = 60;
const idle = window.requestIdleCallback ?? ((work) => setTimeout(work, 16));
let showing = 0;

const showCards = (list) => {
  const turn = ++showing;
  const grid = $("grid");
  grid.replaceChildren(...list.slice(0, FIRST).map(cardOf));
  setTabStop(grid.firstElementChild);
  let next = FIRST;
  const more = () => {
    if (turn !== showing || next >= list.length) return;
    grid.append(...list.slice(next, next + AT_ONCE).map(cardOf));
    next += AT_ONCE;
    idle(more, { timeout: 500 });
  };
  idle(more, { timeout: 500 });
};

// Of all cards one is in the tab order: a thousand stops would keep everything behind them away.
// The arrow keys go from card to card.
let tabStop = null;
const reach = (card, order) => card?.querySelectorAll("button").forEach((one) => { one.tabIndex = order; });
const setTabStop = (card) => {
  reach(tabStop, -1);
  reach(card, 0);
  tabStop = card;
};

const perRow = (grid) => getComputedStyle(grid).gridTemplateColumns.split(" ").length;

const moveTo = (card) => {
  if (!card) return;
  setTabStop(card);
  const title = card.querySelector(".open");
  title.focus({ preventScroll: true });
  card.scrollIntoView({ block: "nearest" });
};

const onGridKey = (event) => {
  const card = event.target.closest(".card");
  if (!card || event.altKey || event.ctrlKey || event.metaKey || event.target.matches("video, audio")) return;
  const all = [...$("grid").children];
  const at = all.indexOf(card);
  const row = perRow($("grid"));
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1, ArrowDown: at + row, ArrowUp: at - row, Home: 0, End: all.length - 1 }[event.key];
  const item = byKey.get(card.dataset.key);
  if (to !== undefined) moveTo(all[Math.max(0, Math.min(to, all.length - 1))]);
  else if (event.key === "s") stars.toggle(item);
  else if (event.key === "p" && card.querySelector(".play")) playHere(item, card.querySelector(".frame"));
  else return;
  event.preventDefault();
};
