// @ts-check
/** @typedef {import("../types").Camera} Camera */

/** A walk from one place to another: how long it takes, and how often it says where it is. */
const GLIDE_MS = 520;
const GLIDE_STEP_MS = 40;

/** Walks from one camera to another, so that one sees what lies between.
 * @param {import("./remote.js").Remote} surveyor @param {Camera} from @param {Camera} to
 * @param {(at: Camera) => Promise<boolean>} go says whether the walk goes on
 * @returns {Promise<boolean>} whether it came to its end: `to` itself is left to the caller */
export async function glide(surveyor, from, to, go) {
  const began = performance.now();
  for (;;) {
    const t = Math.min((performance.now() - began) / GLIDE_MS, 1);
    if (t === 1) return true;
    const at = /** @type {Camera} */ (await surveyor.call("between", { from, to, t: t * t * (3 - 2 * t) }));
    if (!(await go(at))) return false;
    // Where a wall stands between, one is there at once.
    if (at.every((value, index) => value === to[index])) return true;
    await new Promise((resolve) => setTimeout(resolve, GLIDE_STEP_MS));
  }
}
