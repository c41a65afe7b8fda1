// What the page was given: see flows/gallery_data.py for its shape.
const data = JSON.parse($("data").textContent);

const STATES = ["unknown", "failed", "blocked", "pending", "landed"];

const SAID = {
  unknown: "Outcome unknown",
  failed: "Failed",
  blocked: "Blocked",
  pending: "Not finished",
  landed: "Landed",
};

// Every part is encoded, so a key is never anything but a path beside this page.
const path = (key) => `./${key.split("/").map(encodeURIComponent).join("/")}`;

// In a shared page each medium has a signature of its own; what they have in common is kept once.
const address = (key) => {
  if (!data.signed) return path(key);
  const [stem, last] = data.signed.links[key] ?? [];
  if (stem === undefined) return null;
  return `${new URL(path(key), data.signed.base).href}?${data.signed.stems[stem]}${last}`;
};

const jobOf = (item, stage) => item.jobs?.find((job) => job.stage === stage);

const madeBy = (item) => [...new Set((item.jobs ?? []).map((job) => job.model))];

const about = (item) =>
  item.brief?.topic ?? item.brief?.text ?? jobOf(item, "video")?.prompt ?? jobOf(item, "image")?.prompt
  ?? jobOf(item, "speech")?.prompt ?? "";

const landedAt = (item) =>
  (item.jobs ?? []).reduce((last, job) => (job.landed > last ? job.landed : last), "");

// A brief's takes share its id.
const nameOf = (item) => (item.take > 1 ? `${item.id} take ${item.take}` : item.id);
const keyOf = (item) => (item.take > 1 ? `${item.id}.take${item.take}` : item.id);

const items = data.items.map((item, place) => ({ take: 1, ...item, place }));
for (const item of items) {
  item.words = [
    item.id, item.error?.message, item.error?.code, ...(item.brief?.tags ?? []),
    ...Object.values(item.brief ?? {}).filter((value) => typeof value === "string"),
    ...(item.jobs ?? []).flatMap((job) => [job.prompt, job.model, job.task_id, job.sha256]),
  ].filter(Boolean).join("\n").toLowerCase();
}
const byKey = new Map(items.map((item) => [keyOf(item), item]));
