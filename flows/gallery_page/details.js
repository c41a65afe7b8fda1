// One item in a dialog: what was made, how it came about, and what to do when it did not.
let open = null;

const fact = (name, ...value) =>
  value.every((one) => one === undefined || one === null || one === "") ? []
    : [el("div", {}, el("dt", {}, name), el("dd", {}, ...value))];

const ACTS = {
  nobody: "Nobody: it is tried again by itself.",
  user: "You",
  provider: "The provider",
  operator: "Whoever runs this installation",
};
const CHARGED = { no: "No", yes: "Yes", unknown: "Not known: perhaps" };

const failureOf = (item) => {
  if (!item.error) return null;
  const { code, message, charged, retry_is_free: free, who_acts: acts, advice, task_id: job } = item.error;
  return el("section", { class: `failure ${item.state}` },
    el("h3", {}, icon("trouble"), SAID[item.state] ?? item.state),
    el("dl", {},
      fact("What happened", el("span", { dir: "auto" }, message), " ", el("code", {}, code)),
      fact("Was it charged?", CHARGED[charged] ?? charged),
      fact("Is trying again free?", free === undefined ? null : free ? "Yes" : "No: it may cost again"),
      fact("Who acts", ACTS[acts] ?? acts),
      fact("What to do", advice ? el("span", { dir: "auto" }, advice) : null),
      fact("It would cost", item.would_cost === undefined ? null : money(item.would_cost)),
      fact("Job", job ? el("code", {}, job) : null)));
};

const words = (text) => (text ? el("p", { class: "prompt", dir: "auto" }, text) : null);

const link = (key, said) => {
  const target = key && address(key);
  return target ? el("a", { href: target, target: "_blank", rel: "noopener" }, said ?? key) : key ?? null;
};

const step = (kind, title, ...content) =>
  el("li", { class: `step ${kind}` }, el("h4", {}, title), ...content);

const MEDIA_FIELDS = ["image", "last_image", "video", "reference_images", "reference_videos", "reference_audios", "voice_sample", "person"];

const briefStep = (item) => {
  const brief = item.brief ?? {};
  const own = brief.own ?? [];
  return step("brief", "Brief",
    words(brief.topic ?? brief.text),
    own.length ? el("p", { class: "aside" }, "Brought its own prompts, which are below.") : null,
    item.brief ? null : el("p", { class: "aside" }, "Not on record: this batch was made before briefs were kept beside what came of them."),
    el("dl", { class: "facts-list" },
      fact("Ratio", brief.ratio),
      fact("Seconds", brief.seconds),
      fact("Resolution", brief.resolution ?? brief.size),
      fact("Quality", brief.quality),
      fact("Seed", brief.seed),
      ...MEDIA_FIELDS.map((name) => fact(name.replaceAll("_", " "), [brief[name] ?? []].flat().join("\n")))),
    brief.tags?.length ? el("p", { class: "tags" }, ...brief.tags.map((tag) => el("span", {}, tag))) : null);
};

const scriptStep = (item) => {
  if (!item.script) return null;
  return step("script", "Script", el("p", { class: "aside" },
    item.brief?.topic ? `Written by ${item.brief.text_model ?? "the text model"}: ` : "The prompts as they were used: ",
    link(item.script, "script.json")));
};

const TITLES = { image: "Image", video: "Video", speech: "Speech", voice: "Voice", script: "Script" };

const jobStep = (item, job) => {
  const key = job.key ?? item[job.stage];
  return step(job.landed ? "done" : "undone", `${TITLES[job.stage] ?? job.stage} · ${job.model}`,
    words(job.prompt),
    el("dl", { class: "facts-list" },
      fact("Cost", job.cost === undefined ? "not said" : money(job.cost)),
      fact("Size", job.width ? `${job.width} × ${job.height} px` : null),
      fact("Length", job.seconds ? lasted(job.seconds) : null),
      fact("Seed", job.seed),
      fact("Asked", job.submitted ? when(job.submitted, moment) : null),
      fact("Made in", tookOf(job)),
      fact("File", key ? link(key, key.split("/").pop()) : null, key && job.size ? `, ${bytes(job.size)}` : null)),
    el("dl", { class: "long-facts" },
      fact("Made from", ...(job.inputs ?? []).map(inputOf)),
      fact("Job", job.task_id ? el("code", {}, job.task_id) : null),
      fact("SHA-256", job.sha256 ? el("code", {}, job.sha256) : null)));
};

const inputOf = (input) => el("span", { class: "input" },
  input.key ? link(input.key, input.key.split("/").pop()) : input.field, " ", el("code", {}, input.sha256.slice(0, 12)));

const tookOf = (job) => {
  const end = job.completed ?? job.landed;
  return job.submitted && end ? lasted((new Date(end) - new Date(job.submitted)) / 1000) : null;
};

const lineageOf = (item) => el("section", { class: "lineage" },
  el("h3", {}, "How it was made"),
  el("ol", {}, briefStep(item), scriptStep(item), ...(item.jobs ?? []).map((job) => jobStep(item, job))));

const shownIn = (key, make) => {
  const frame = el("div", { class: "stage-frame" });
  frame.append(make(frame));
  return frame;
};

const mediaOf = (item) => {
  const shown = [];
  if (item.video) shown.push(shownIn(item.video, (frame) => player("video", item.video, item, frame)));
  if (item.speech) shown.push(shownIn(item.speech, (frame) => player("audio", item.speech, item, frame)));
  if (item.image) shown.push(shownIn(item.image, (frame) => picture(item.image, `The picture of ${nameOf(item)}`, frame)));
  return shown.length ? el("div", { class: "stage", tabindex: "0", role: "region", "aria-label": `Media of ${nameOf(item)}` }, ...shown) : null;
};

const beside = (item, by) => shownItems[shownItems.indexOf(item) + by];

const fillDetails = (item) => {
  const media = mediaOf(item);
  const turn = (name, label, by) => iconButton(name, label, {
    "data-turn": by, disabled: !beside(item, by), onclick: () => turnDetails(by),
  });
  $("details").replaceChildren(
    el("header", { class: "details-head" },
      el("h2", { id: "details-title", tabindex: "-1" }, nameOf(item)),
      badge(item),
      item.cost === undefined ? null : el("span", { class: "cost" }, `cost ${money(item.cost)}`),
      el("div", { class: "details-buttons" },
        starButton(item), turn("back", "The one before", -1), turn("on", "The next one", 1),
        iconButton("close", "Close", { onclick: () => $("details").close() }))),
    el("div", { class: `details-body ${media ? "" : "without-media"}` }, media,
      el("div", { class: "details-words", tabindex: "0", role: "region", "aria-label": `About ${nameOf(item)}` }, failureOf(item), lineageOf(item))));
};

const openDetails = (item) => {
  open = item;
  fillDetails(item);
  document.querySelectorAll("#grid video, #grid audio").forEach((node) => node.pause());
  if (!$("details").open) $("details").showModal();
  $("details-title").focus();
  $("details").querySelector(".details-body").scrollTop = 0;
  history.replaceState(null, "", `#${keyOf(item)}`);
};

const turnDetails = (by) => {
  const next = beside(open, by);
  if (!next) return;
  openDetails(next);
  const again = $("details").querySelector(`[data-turn="${by}"]`);
  if (!again.disabled) again.focus();
};

const closedDetails = () => {
  const card = cards.get(keyOf(open));
  $("details").replaceChildren(); // a player that is gone plays no more
  history.replaceState(null, "", location.pathname + location.search);
  open = null;
  if (card?.isConnected) moveTo(card);
};

const onDetailsKey = (event) => {
  if (event.target.matches("video, audio") || event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.key === "ArrowLeft") turnDetails(-1);
  else if (event.key === "ArrowRight") turnDetails(1);
};
