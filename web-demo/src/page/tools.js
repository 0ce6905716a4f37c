// @ts-check
import { closing, element, say } from "./dom.js";
import { notice } from "./messages.js";

/** Steps of the walk around in a millisecond: once around in 16 seconds. */
const PACE = 1080 / 16_000;
/** Steps of one frame, at most: who waits long for pictures goes slower, not in jumps. */
const MOST_STEPS = 12;

/** @typedef {import("../types").State} State */

/** The buttons, and what keys share with them.
 * @param {import("./scene.js").Scene} scene @param {import("./look.js").Look} look
 * @param {{ repaint: () => void, changed: () => void, fail: (error: Error) => void }} page */
export function tools(scene, look, { repaint, changed, fail }) {
  const { state } = scene;
  const press = (/** @type {string} */ id, /** @type {boolean} */ on) => element(id, HTMLElement).setAttribute("aria-pressed", String(on));

  function mark() {
    press("mean", state.mean);
    press("sample", !state.mean);
    press("pixels", state.pixels);
    press("orbit", state.orbit);
    element("guess", HTMLButtonElement).disabled = state.mean;
    element("model", HTMLSelectElement).value = state.model;
    element("world", HTMLSelectElement).value = state.world;
    element("seed", HTMLInputElement).value = state.seed;
    changed();
  }

  /** @param {Partial<State>} change */
  function set(change) {
    Object.assign(state, change);
    mark();
    if ("pixels" in change) {
      repaint();
      scene.dispatchEvent(new Event("views"));
    } else look.again().catch(fail);
  }

  /** A scene of a world, seen from where it begins, with as many pictures. @param {string} world @returns {Partial<State>} */
  function start(world) {
    return { world, shown: state.shown.map((_, index) => index), at: undefined };
  }

  /** Goes to another scene. @param {Partial<State>} change */
  async function travel(change) {
    Object.assign(state, start(state.world), change);
    look.reset();
    mark();
    await scene.open();
  }

  let frame = 0;
  let before = 0;

  /** @param {boolean} on */
  function walk(on) {
    if (state.orbit === on) return;
    state.orbit = on;
    mark();
    if (on) roam();
  }

  /** Walks around until the state says otherwise. */
  function roam() {
    look.begin().then(() => {
      cancelAnimationFrame(frame);
      [frame, before] = [requestAnimationFrame(step), performance.now()];
    }, fail);
  }

  /** As many steps as the time that passed allows, as soon as the picture before was painted. @param {number} now */
  function step(now) {
    if (!state.orbit) return;
    frame = requestAnimationFrame(step);
    const steps = Math.min(Math.floor((now - before) * PACE), MOST_STEPS);
    if (steps < 1 || !look.settled) return;
    before = steps < MOST_STEPS ? before + steps / PACE : now;
    look.walk(steps).catch(fail);
  }

  const actions = {
    guess: () => set({ noise: state.noise + 1 }),
    pixels: () => set({ pixels: !state.pixels }),
    orbit: () => walk(!state.orbit),
    reset: () => { look.glide(undefined).catch(fail); },
    keys: () => element("help", HTMLDialogElement).showModal(),
    dice: () => travel({ seed: String(crypto.getRandomValues(new Uint16Array(1))[0]) }).catch(fail),
  };
  for (const [id, action] of Object.entries(actions)) element(id, HTMLElement).addEventListener("click", action);
  for (const [id, mean] of /** @type {[string, boolean][]} */ ([["mean", true], ["sample", false]])) {
    element(id, HTMLElement).addEventListener("click", () => set({ mean }));
  }
  for (const id of ["card", "help"]) closing(id);
  element("scene", HTMLFormElement).addEventListener("submit", (event) => event.preventDefault());
  element("world", HTMLSelectElement).addEventListener("change", (event) =>
    travel({ world: /** @type {HTMLSelectElement} */ (event.target).value }).catch(fail));
  element("seed", HTMLInputElement).addEventListener("change", (event) => {
    const field = /** @type {HTMLInputElement} */ (event.target);
    const seed = field.value.trim();
    if (/^\d{1,18}$/.test(seed)) return travel({ seed: String(BigInt(seed)) }).catch(fail);
    fail(new Error(`\u201c${seed}\u201d is no scene, expected a whole number of at most 18 digits\nhint: 0, 1, 2, … are different scenes; this is still scene ${state.seed}`));
    field.value = state.seed;
  });

  const jump = (/** @type {number} */ index) => {
    const view = scene.views[index];
    if (view) look.glide(view.camera).catch(fail);
    else notice(`There is no picture ${index + 1}.`);
  };
  const digits = Array.from({ length: 9 }, (_, index) => [String(index + 1), () => jump(index)]);
  const keys = { m: () => set({ mean: !state.mean }), n: actions.guess, p: actions.pixels, r: actions.reset, home: actions.reset, " ": actions.orbit, "?": actions.keys };
  return { mark, set, walk, roam, start, press: { ...Object.fromEntries(digits), ...keys } };
}
