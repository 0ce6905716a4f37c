// @ts-check
import { Download } from "./download.js";
import { element, say } from "./dom.js";
import { size } from "./messages.js";

/** @typedef {import("./download.js").Offer["models"][number]} Model */

/** What paints until a model is there; nothing if the model is light, or here already. @param {Model} model */
export async function previewOf({ name, preview, deflated = [] }) {
  const last = deflated.at(-1);
  const kept = preview && last && (await globalThis.caches?.match(`models/${name}/${last}.deflate`, { ignoreSearch: true }).catch(() => undefined));
  return kept ? undefined : (preview ?? undefined);
}

/** Fetches a model behind its preview; a line in the picture says so until it paints.
 * @param {Model} model @param {Promise<unknown>} first what is to come before it
 * @returns {(openings: import("./open.js").Openings) => Promise<void>} to be called when the preview has painted */
export function behind(model, first) {
  const line = element("preview", HTMLElement);
  const download = new Download(() => undefined);
  const coming = first.then(() => download.files(model));
  coming.catch(() => undefined);
  return async ({ better }) => {
    line.hidden = false;
    say("preview", `A small model paints until the better one is here: ${size(model.bytes)}`);
    await better(coming).finally(() => { line.hidden = true; });
  };
}
