// @ts-check
import { write } from "./state.js";

/** A change is in the link after so many milliseconds, also where changes never rest, as when one walks around. Browsers refuse
 * pages that write oftener than some three times a second. */
const LONGEST_MS = 2000;

/** The link in the address bar. Another model, world or scene is an entry of its own, so that the browser's way back leads to
 * the one before; whatever else changes, changes the entry.
 * @param {import("./scene.js").Scene} scene @returns {{ changed: (delay?: number) => void, arrived: () => void }} */
export function links(scene) {
  const { state } = scene;
  const place = () => `${state.model}/${state.world}/${state.seed}`;
  /** What the entry of now is of; nothing before the first. */
  let here = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let writing;
  /** When the first change came that is not written yet. @type {number | undefined} */
  let since;

  // No link holds pictures of one's own: the one in the address bar stays that of the rendered scene.
  const put = () => {
    since = undefined;
    const link = write(scene.own ? { ...state, ...scene.rendered } : state);
    if (here && here !== place() && !scene.own && state.model) history.pushState(null, "", link);
    else history.replaceState(null, "", link);
    here = place();
  };
  return {
    changed(delay = 0) {
      clearTimeout(writing);
      if (!delay) return put();
      since ??= performance.now();
      writing = setTimeout(put, Math.min(delay, Math.max(0, since + LONGEST_MS - performance.now())));
    },
    /** The browser went to an entry: the state is what its link says. */
    arrived() {
      clearTimeout(writing);
      [here, since] = ["", undefined];
    },
  };
}
