// @ts-check
import { element, make, say } from "./dom.js";
import { size } from "./messages.js";
import { duration, told } from "./card.js";

/** @typedef {import("./download.js").Offer} Offer */

/** Says above the fold what runs here and what it takes. @param {Pick<Offer["models"][number], "bytes" | "data" | "seconds">} model @param {number} wasmBytes */
export function why(model, wasmBytes) {
  const strong = (/** @type {string} */ text, id = "") => make("b", id ? { id } : {}, text);
  const line = [strong(size(model.bytes)), " of network and ", strong(size(wasmBytes)), " of engine run in this tab, ", strong("\u2013 ms a view here, no server", "cost"), ". "];
  const trained = model.seconds ? ["Trained in ", strong(duration(model.seconds)), model.data ? ` on ${scenes(model.data)}.` : "."] : [];
  element("why", HTMLElement).replaceChildren(...line, ...trained);
}

/** How many scenes it saw, where its data says that, and whether it began with another run's weights. @param {string} data */
function scenes(data) {
  const text = told(data);
  const [, count = text] = /(\d[\d ,]*rendered scenes)/.exec(text) ?? [];
  return count + (count !== text && text.includes("begun with weights") ? ", from an earlier run\u2019s weights" : "");
}

/** The server that paints; nothing if this tab does. */
let host = "";
/** What stands above the fold while this tab paints. @type {Node[]} */
let mine = [];

/** Says who paints. @param {string} now the server, or nothing */
export function served(now) {
  if (now === host) return;
  const line = element("why", HTMLElement);
  if (!host) mine = [...line.childNodes];
  host = now;
  const told = [make("b", {}, host), " paints: this page sends it the pictures and cameras. ", make("b", { id: "cost" }, "")];
  line.replaceChildren(...(host ? told : mine));
  element("own-server", HTMLElement).hidden = !host;
  say("own-server", host ? `While ${host} paints, pictures that you open are sent there.` : "");
  say("offline", host ? `Painted by ${host}: pictures and cameras go there.` : "Runs in this tab. Nothing leaves it.");
}

/** Says what a view costs on this device. @param {string} ms */
export function cost(ms) {
  const node = document.getElementById("cost");
  const text = host ? `${ms} a view, with the way there and back.` : `${ms} a view here, no server`;
  if (node && node.textContent !== text) node.textContent = text;
}
