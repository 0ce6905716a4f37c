// @ts-check
import { button, element, make } from "./dom.js";
import { Ended, Remedied } from "./remote.js";

/** Shows what went wrong until it is put away. @param {unknown} error */
export function show(error) {
  // Who ended a worker knows why.
  if (error instanceof Ended) return;
  put(error instanceof Error ? error.message : String(error), "", error instanceof Remedied ? error.remedy : undefined);
}

/** Shows what may be wrong, though it was done. @param {string} text */
export function warn(text) {
  put(text, "warning");
}

/** @param {string} text @param {string} [kind] @param {{ label: string, act: () => void }} [remedy] */
function put(text, kind = "", remedy = undefined) {
  const [first, ...hints] = text.replace(/^error: /, "").split("\n");
  const messages = element("messages", HTMLElement);
  if ([...messages.children].some((message) => message.getAttribute("data-text") === text)) return;
  const message = make("div", { class: `message ${kind}`, "data-text": text }, make("p", {}, first));
  // The page shows the form of the file itself, and not where the sources keep it.
  const told = hints.map((hint) => hint.replace(/^hint: /, "").replace(/docs\/formats\.md shows the form;?\s*/, ""));
  message.append(...told.filter(Boolean).map((hint) => make("p", { class: "hint-line" }, hint)));
  if (remedy) message.append(button(remedy.label, { class: "form" }, () => { message.remove(); remedy.act(); }));
  if (text.includes("views.json")) message.append(button("What a views.json says", { class: "form" }, explain));
  message.append(button("×", { class: "put-away", "aria-label": "Put this message away" }, () => {
    const next = message.nextElementSibling ?? message.previousElementSibling;
    message.remove();
    const focus = next?.querySelector(".put-away") ?? element("painted", HTMLElement);
    /** @type {HTMLElement} */ (focus).focus({ preventScroll: true });
  }));
  messages.append(message);
}

/** Shows the form of a list of pictures. */
function explain() {
  const form = element("form", HTMLDetailsElement);
  form.open = true;
  form.scrollIntoView({ block: "center" });
  form.querySelector("summary")?.focus({ preventScroll: true });
}

/** Takes the messages away. */
export function hush() {
  element("messages", HTMLElement).replaceChildren();
}

/** @type {ReturnType<typeof setTimeout>} */
let timer;

/** Says something for a moment. @param {string} text */
export function notice(text) {
  const line = element("notice", HTMLElement);
  line.textContent = text;
  line.classList.add("on");
  clearTimeout(timer);
  timer = setTimeout(() => line.classList.remove("on"), 2600);
}

/** How many bytes, for people. @param {number} bytes */
export function size(bytes) {
  return bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** One of the phases until the first picture. @param {string} name @param {string} text @param {number | undefined} fraction */
export function phase(name, text, fraction) {
  const item = element("progress", HTMLElement).querySelector(`[data-phase="${name}"]`);
  const bar = item?.querySelector("progress");
  if (!item || !bar) return;
  item.classList.toggle("done", fraction === 1);
  item.classList.toggle("now", fraction !== 1);
  const output = item.querySelector("output");
  if (output) output.textContent = text;
  if (fraction === undefined) bar.removeAttribute("value");
  else bar.value = fraction;
}

/** The first picture is there, or a package begins to load. @param {boolean} ready @param {boolean} [preview] whether a small model
 * painted it, until a better one is there */
export function settle(ready, preview = false) {
  const progress = element("progress", HTMLElement);
  progress.classList.toggle("over", ready);
  document.documentElement.toggleAttribute("data-painted", ready);
  document.documentElement.toggleAttribute("data-ready", ready && !preview);
  if (ready) return;
  for (const item of progress.children) {
    item.classList.remove("now", "done");
    for (const bar of item.querySelectorAll("progress")) bar.value = 0;
    for (const output of item.querySelectorAll("output")) output.textContent = "";
  }
}
