// @ts-check
import { element, make } from "./dom.js";
import { size } from "./messages.js";
import { duration, told } from "./card.js";

/** @typedef {import("./download.js").Offer} Offer */

/** Says above the fold what runs here and what it takes. @param {Offer["models"][number]} model @param {number} wasmBytes */
export function why(model, wasmBytes) {
  const strong = (/** @type {string} */ text, id = "") => make("b", id ? { id } : {}, text);
  const line = [strong(size(model.bytes)), " of network and ", strong(size(wasmBytes)), " of engine run in this tab, ", strong("no server", "cost"), ". "];
  const trained = model.seconds ? ["Trained in ", strong(duration(model.seconds)), model.data ? ` on ${told(model.data).replace(/^(.*), (\d[\d ,]*rendered scenes)$/, "$2")}.` : "."] : [];
  element("why", HTMLElement).replaceChildren(...line, ...trained);
}

/** Says what a view costs on this device. @param {string} ms */
export function cost(ms) {
  const node = document.getElementById("cost");
  const text = `${ms} a view here, no server`;
  if (node && node.textContent !== text) node.textContent = text;
}
