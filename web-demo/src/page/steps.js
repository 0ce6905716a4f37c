// @ts-check
/** One step, as a fraction of the picture's width or height: on such steps pictures are painted ahead. */
export const STEP = 1 / 90;

/** The motions that are likeliest next, the likeliest first. @param {number} heading which way one turned last: 1 or -1
 * @param {{ rises: boolean, advances: boolean }} survey @returns {number[][]} turn, raise and advance */
export function likely(heading, { rises, advances }) {
  const [near, far] = [heading * STEP, -heading * STEP];
  const turns = [near, 2 * near, 3 * near, far, 4 * near, 2 * far].map((turn) => [turn, 0, 0]);
  const others = [1, -1].flatMap((way) => [[0, way * STEP, 0], [0, 0, way * STEP]]);
  return [...turns, ...others].filter(([, raise, advance]) => (rises || !raise) && (advances || !advance));
}

/** What a motion is in a scene: of what is drawn aside and down, and how far one goes ahead or rises where one cannot go.
 * @param {number[]} motion @param {{ rises: boolean, advances: boolean }} survey @returns {number[]} turn, raise and advance */
export function possible([turn, draw, go], { rises, advances }) {
  if (rises && advances) return [turn, draw, go];
  return rises ? [turn, draw + go, 0] : [turn, 0, advances ? draw + go : 0];
}

/** A picture that is to be painted. @param {import("./scene.js").Scene} scene @param {import("../types").Camera} camera
 * @param {number} serial @returns {import("../types").Job} */
export function job({ pool, state: { noise, mean } }, camera, serial) {
  const [seed, temperature] = mean ? [0, 0] : [noise, 1];
  const at = Array.from(camera, (value) => value.toFixed(4)).join();
  return { key: `${pool.scene.key}|${seed}|${temperature}|${at}`, camera, seed, temperature, serial };
}
