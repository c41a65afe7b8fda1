"use strict";

// Elements are built one by one, never parsed from text: whatever a prompt holds stays text.
const $ = (id) => document.getElementById(id);

const el = (tag, attributes = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
};

const icon = (name) => {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#${name}`);
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
};

const iconButton = (name, label, attributes = {}) =>
  el("button", { type: "button", class: "icon-button", ...attributes }, icon(name),
    el("span", { class: "unseen" }, label));

// A page that is opened years from now is read in its reader's own time zone and habits.
const moment = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });
const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "short" });
const amounts = new Intl.NumberFormat("en", { maximumFractionDigits: 4 });

const when = (iso, format = moment) =>
  el("time", { datetime: iso, title: iso }, format.format(new Date(iso)));

const money = (cost) => amounts.format(cost);

const counted = (count, one, many = `${one}s`) => `${amounts.format(count)} ${count === 1 ? one : many}`;

const lasted = (seconds) => {
  if (seconds < 99.5) return `${Number(seconds.toFixed(seconds < 9.95 ? 1 : 0))} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
};

const bytes = (size) => {
  if (size < 1000) return `${size} bytes`;
  return size < 1e6 ? `${Math.round(size / 1000)} kB` : `${(size / 1e6).toFixed(1)} MB`;
};

// Storage throws where the browser keeps none for this page (some do not for files).
const remembered = {
  get(name) {
    try { return localStorage.getItem(name); } catch { return null; }
  },
  set(name, value) {
    try {
      localStorage.setItem(name, value);
      return true;
    } catch { return false; }
  },
};
