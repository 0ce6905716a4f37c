// @ts-check
import { draw, element, make, paint } from "./dom.js";
import { tinted } from "./occupancy.js";
import { spread } from "./spread.js";

/** Stills: of the view after so many pictures. */
const COUNTS = [1, 2, 3];
/** Guesses whose differences are measured. */
const GUESSES = 8;
/** Pixels of a still, at most. */
const SIDE = 256;

/** The story as stills, for who wants less motion: the view painted from one picture, two and three, and beside each the map as far as
 * it is filled, or where guesses differ. Nothing moves; another scene or model puts them away.
 * @param {import("./scene.js").Scene} scene @param {import("./look.js").Look} look */
export async function stills(scene, look) {
  const { pool, surveyor } = scene;
  const list = element("stills", HTMLElement);
  const away = () => {
    list.hidden = true;
    list.replaceChildren();
  };
  await scene.show(COUNTS.map((_, index) => index));
  await seen(scene, Math.min(COUNTS.length, scene.most));
  scene.addEventListener("survey", away, { once: true });
  const { known, views } = scene;
  const camera = look.place?.camera ?? scene.survey.home;
  const items = [];
  for (const count of COUNTS.filter((count) => count <= known.length)) {
    const added = known.slice(0, count).map(({ told }) => told);
    const glimpse = (/** @type {number} */ seed, /** @type {number} */ temperature) =>
      pool.aside("glimpse", { added, removed: [], camera, seed, temperature });
    const canvas = /** @type {HTMLCanvasElement} */ (make("canvas", { role: "img", "aria-label": `Painted from ${words(count)}` }));
    paint(canvas, await glimpse(0, 0), scene.side, false, SIDE);
    const guesses = [];
    for (let guess = 1; guess <= GUESSES; guess++) guesses.push(await glimpse(guess, 1));
    const apart = spread(guesses);
    const maps = known.slice(0, count).map(({ above }) => above).filter((above) => above !== undefined);
    const sum = maps.length ? await pool.aside("above", maps.map(({ density }) => density)) : undefined;
    const beside = sum ? filled(sum, await surveyor.call("box", sum.corners), views.slice(0, count).map(({ map }) => map)) : make("canvas", { role: "img", "aria-label": "Where its guesses differ" });
    if (beside instanceof HTMLCanvasElement) paint(beside, apart.rgba, scene.side, false, SIDE);
    const share = sum ? `${Math.round(100 * sum.filled)} % of its map is filled; ` : "";
    const caption = make("p", {}, make("b", {}, `After ${words(count)}`), ` ${share}its guesses differ by ${(100 * apart.mean).toFixed(1)} %.`);
    items.push(make("li", {}, make("div", { class: "still" }, canvas, beside), caption));
  }
  if (known !== scene.known) return;
  list.replaceChildren(...items);
  list.hidden = false;
}

/** Waits until the network has seen so many pictures. @param {import("./scene.js").Scene} scene @param {number} count */
function seen(scene, count) {
  return new Promise((resolve) => {
    const listen = () => {
      if (scene.known.length !== count) return;
      scene.removeEventListener("known", listen);
      resolve(undefined);
    };
    scene.addEventListener("known", listen);
    listen();
  });
}

/** The grid from above with the cameras that filled it. @param {import("../types").Occupancy} sum
 * @param {number[]} box u, v, width and height on the map @param {Float32Array[]} cameras on the map */
function filled(sum, box, cameras) {
  const [x, y, width, height] = box.map(String);
  const svg = draw("svg", { viewBox: "0 0 1 1", role: "img", "aria-label": "The map, as far as it is filled" });
  svg.append(draw("image", { href: tinted(sum, "--ink"), preserveAspectRatio: "none", x, y, width, height }));
  for (const [cx, cy] of cameras) svg.append(draw("circle", { cx: String(cx), cy: String(cy), r: ".045", class: "taken" }));
  return svg;
}

/** @param {number} count */
const words = (count) => (count === 1 ? "one picture" : `${["no", "one", "two", "three"][count]} pictures`);
