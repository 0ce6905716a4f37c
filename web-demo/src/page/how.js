// @ts-check
import { element, paint, say } from "./dom.js";
import { notice } from "./messages.js";
import { fillPart, fillRow, part, rays } from "./parts.js";

/** Milliseconds between two looks at whether the explanation still fits the view. */
const LOOK_MS = 500;
/** Guesses beside the mean. */
const GUESSES = 3;

/** The explanation: the same network at the same view, taken apart. It is painted only while somebody sees it.
 * @param {import("./scene.js").Scene} scene @param {import("./look.js").Look} look */
export function how(scene, look) {
  const { pool, state, surveyor } = scene;
  const section = element("how", HTMLElement);
  const list = element("parts", HTMLElement);
  /** Pictures that were taken out of the sum, by their keys. @type {Set<string>} */
  const taken = new Set();
  /** What is shown. */
  let shown = "";
  let [visible, busy] = [false, false];
  new IntersectionObserver((entries) => { visible = entries.some(({ isIntersecting }) => isIntersecting); }, { rootMargin: "300px" }).observe(section);

  setInterval(() => {
    const job = look.shown?.job;
    if (!visible || busy || !job || !pool.sees || document.hidden || !scene.known.length || scene.known.length !== scene.views.length) return;
    const key = `${job.key}|${state.noise}|${state.pixels}|${[...taken].join()}|${scene.views.map((view) => view.key).join()}`;
    if (key === shown) return;
    busy = true;
    const { known } = scene;
    // What was asked of a package that is no longer open fails, and nobody misses it.
    const failed = (/** @type {Error} */ error) => { if (pool.sees && known === scene.known) pool.events.fail(error); };
    explain(job.camera).then(() => { shown = key; }, failed).finally(() => { busy = false; });
  }, LOOK_MS);

  /** @param {import("../types").Camera} camera */
  async function explain(camera) {
    const { known, views, side } = scene;
    const [pixels, told] = [state.pixels, known.map(({ told }) => told)];
    const glimpse = (/** @type {Float32Array[]} */ added, /** @type {Float32Array[]} */ removed, seed = 0, temperature = 0) =>
      pool.aside("glimpse", { added, removed, camera, seed, temperature });
    const current = () => known === scene.known;

    while (list.children.length > views.length) list.lastElementChild?.remove();
    while (list.children.length < views.length) {
      const index = list.children.length;
      list.append(part(index, () => press(index)));
    }
    for (const [index, view] of views.entries()) {
      const alone = await glimpse([told[index]], []);
      if (!current()) return;
      fillPart(list.children[index], { rgba: view.rgba, side: view.side, above: known[index].above, alone, taken: taken.has(view.key), pixels, index });
    }
    const away = told.filter((_, index) => taken.has(views[index].key));
    paint(element("sum", HTMLCanvasElement), await glimpse(told, away), side, pixels, 512);
    const left = told.length - away.length;
    say("sum-text", away.length ? `${told.length} contributions added, ${away.length} subtracted again: what ${left === 1 ? "one picture" : `${left} pictures`} told is left.` : "The scene is the sum of them.");
    const noises = [{ rgba: await glimpse(told, []), text: "no noise" }];
    for (let guess = 0; guess < GUESSES; guess++) {
      noises.push({ rgba: await glimpse(told, [], state.noise + guess, 1), text: `noise ${state.noise + guess}` });
    }
    fillRow(element("noises", HTMLElement), noises, pixels);
    const drawn = await pool.ofScene("drawing", { camera, ...(state.mean ? { seed: 0, temperature: 0 } : { seed: state.noise, temperature: 1 }) });
    const bytes = 4 * side * side;
    const count = drawn ? drawn.length / bytes : 0;
    const steps = Array.from({ length: count }, (_, index) => ({ rgba: drawn.slice(index * bytes, (index + 1) * bytes), text: `step ${index + 1}` }));
    fillRow(element("steps", HTMLElement), steps, pixels);
    await lookThrough(camera);
  }

  /** @param {import("../types").Camera} camera */
  async function lookThrough(camera) {
    const maps = scene.known.map(({ above }) => above).filter((above) => above !== undefined);
    section.classList.toggle("no-grid", !maps.length);
    for (const number of section.querySelectorAll(".number-grid")) number.textContent = String([...section.querySelectorAll(".number-grid")].indexOf(number) + (maps.length ? 4 : 3));
    if (!maps.length) return;
    const map = await pool.aside("above", maps.map(({ density }) => density));
    const box = await surveyor.call("box", map.corners);
    const at = await surveyor.call("toMap", camera);
    const { field_of_view: fieldOfView, near, far, low, high, cells } = scene.voxel;
    // The box on the map is half a cell wider than from the first centre to the last.
    const scale = box[2] / ((high[0] - low[0]) * (cells[0] / (cells[0] - 1)));
    rays(element("rays", SVGSVGElement), { map, box, at, fieldOfView, near: near * scale, far: far * scale });
  }

  /** Takes a picture out of the sum, or adds it again. @param {number} index */
  function press(index) {
    const view = scene.views[index];
    if (!view) return;
    const last = !taken.has(view.key) && scene.views.filter(({ key }) => !taken.has(key)).length < 2;
    if (last) return notice("One contribution has to stay.");
    if (!taken.delete(view.key)) taken.add(view.key);
    list.children[index].firstElementChild?.setAttribute("aria-pressed", String(!taken.has(view.key)));
  }
  scene.addEventListener("survey", () => taken.clear());
}
