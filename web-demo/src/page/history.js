// @ts-check
import { write } from "./state.js";

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

  // No link holds pictures of one's own: the one in the address bar stays that of the rendered scene.
  const put = () => {
    const link = write(scene.own ? { ...state, ...scene.rendered } : state);
    if (here && here !== place() && !scene.own && state.model) history.pushState(null, "", link);
    else history.replaceState(null, "", link);
    here = place();
  };
  return {
    changed(delay = 0) {
      clearTimeout(writing);
      if (delay) writing = setTimeout(put, delay);
      else put();
    },
    /** The browser went to an entry: the state is what its link says. */
    arrived() {
      clearTimeout(writing);
      here = "";
    },
  };
}
