// Media are asked for when somebody looks at them, and their absence is told kindly.
let anyShown = false;
let anyMissing = false;

const missing = (frame) => {
  frame.classList.add("is-missing");
  frame.replaceChildren(el("div", { class: "placeholder" }, icon("film"), el("p", {}, "Cannot be read from here")));
  if (!anyShown && !anyMissing) tellMissing();
  anyMissing = true;
};

const picture = (key, words, frame, attributes = {}) => {
  const source = address(key);
  const image = el("img", {
    alt: words, decoding: "async", draggable: "false", ...attributes,
    onload: () => { anyShown = true; image.classList.add("is-shown"); },
    onerror: () => missing(frame),
  });
  if (source) image.src = source;
  else queueMicrotask(() => missing(frame));
  return image;
};

const player = (tag, key, item, frame) => {
  const source = address(key);
  if (!source) queueMicrotask(() => missing(frame));
  return el(tag, {
    controls: true, preload: "none", src: source, "aria-label": `${nameOf(item)}: ${about(item)}`.slice(0, 200),
    poster: tag === "video" && item.poster ? address(item.poster) : null,
    playsinline: true, onerror: () => missing(frame),
  });
};

document.addEventListener("play", (event) => {
  for (const other of document.querySelectorAll("video, audio")) if (other !== event.target) other.pause();
}, true);

const tellMissing = () => {
  const local = location.protocol === "file:";
  const told = data.until
    ? [el("strong", {}, "The links in this page have expired, or cannot be reached. "), "Ask for a new one: its owner runs "]
    : local
      ? [el("strong", {}, "The pictures and videos are not beside this file. "), "Copy the batch's whole folder, for instance with "]
      : [el("strong", {}, "This page was opened without access to its pictures and videos. "),
        "Everything else is here. Ask whoever owns the bucket for a shared link, which they get with "];
  const command = local && !data.until
    ? `aws s3 sync ${data.uri} ${data.batch}`
    : `python -m flows gallery ${data.batch} --share 24`;
  notice("kind", ...told, el("code", {}, command), ".");
};

const notice = (kind, ...words) => {
  $("notices").append(el("p", { class: `notice ${kind}` }, ...words));
};
