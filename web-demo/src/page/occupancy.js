// @ts-check
import { draw, element, say } from "./dom.js";
import { latest } from "./remote.js";

/** @typedef {import("../types").Occupancy} Occupancy */

/** How long a map takes to become another. */
const FADE_MS = 450;

/** What the network knows as a place: the grid's occupancy on the map, of all pictures, and of the one that is pointed at.
 * Models without a grid have none, and the page shows nothing of it.
 * @param {import("./scene.js").Scene} scene @param {{ changed: (delay?: number) => void }} page */
export function occupancy(scene, { changed }) {
  const { state, pool, surveyor } = scene;
  const [all, one] = [draw("g", { class: "all" }), draw("g", { class: "one" })];
  const layer = draw("g", { class: "holds", "aria-hidden": "true" }, all, one);
  const map = element("map", SVGSVGElement);
  map.querySelector(".plan")?.after(layer);
  const toggle = element("holds", HTMLButtonElement);
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  /** Of all pictures, and of each. @type {{ sum: Occupancy, views: Occupancy[] } | undefined} */
  let maps;
  /** u, v, width and height of the box on the map. @type {Record<string, string>} */
  let box = {};
  /** What makes a map's picture appear. @type {WeakMap<Element, Animation>} */
  const coming = new WeakMap();
  /** The picture that is pointed at, and the one that has the focus. @type {{ over?: number, focus?: number }} */
  const chosen = {};

  const update = latest(async () => {
    const { known } = scene;
    const views = known.map(({ above }) => above).filter((above) => above !== undefined);
    if (!views.length || views.length < known.length) {
      maps = undefined;
      return show();
    }
    /** @type {Occupancy | undefined} */
    const sum = await pool.ask("above", views.map(({ density }) => density));
    const place = sum && (await surveyor.call("box", sum.corners));
    if (known !== scene.known || !sum) return;
    const [x, y, width, height] = place.map(String);
    [box, maps] = [{ x, y, width, height }, { sum, views }];
    show();
  });
  scene.addEventListener("known", () => update(undefined).catch(pool.events.fail));
  scene.addEventListener("state", mark);
  toggle.addEventListener("click", press);
  // Another colour scheme has other colours.
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    for (const group of [all, one]) group.replaceChildren();
    show();
  });

  /** Which picture a strip's item or a camera on the map stands for. @param {EventTarget | null} target */
  const number = (target) => {
    const found = target instanceof Element ? target.closest("#strip .item, #map .context") : null;
    return found ? [.../** @type {Element} */ (found.parentElement).children].indexOf(found) : undefined;
  };
  for (const part of [element("strip", HTMLElement), map]) {
    part.addEventListener("pointerover", (event) => choose("over", number(event.target)));
    part.addEventListener("pointerleave", () => choose("over", undefined));
    part.addEventListener("focusin", (event) => choose("focus", number(event.target)));
    part.addEventListener("focusout", () => choose("focus", undefined));
  }

  /** @param {"over" | "focus"} how @param {number | undefined} index */
  function choose(how, index) {
    if (chosen[how] === index) return;
    chosen[how] = index;
    show();
  }

  function press() {
    state.holds = !state.holds;
    mark();
    changed();
  }

  function mark() {
    toggle.setAttribute("aria-pressed", String(state.holds));
    layer.toggleAttribute("hidden", !maps || !state.holds);
    element("held", HTMLElement).hidden = !state.holds;
    element("filled", HTMLElement).hidden = !maps || !state.holds;
  }

  /** Shows the maps as they are. */
  function show() {
    const row = element("holds-row", HTMLElement);
    row.hidden = !maps;
    row.classList.remove("blank");
    mark();
    if (!maps) return [all, one].forEach((group) => group.replaceChildren());
    const index = chosen.over ?? chosen.focus ?? -1;
    const own = maps.views[index];
    layer.classList.toggle("single", !!own);
    fade(all, tinted(maps.sum, "--ink"));
    fade(one, own ? tinted(own, "--shown-fill") : undefined);
    say("held", words(maps.sum, own && { index, own }, scene.views.length));
  }

  /** Makes what a group shows another picture. @param {Element} group @param {string | undefined} href */
  function fade(group, href) {
    const [last] = [...group.children].slice(-1);
    if (last?.getAttribute("href") === href) return;
    for (const old of [...group.children].slice(0, -1)) old.remove();
    if (!href) return last?.remove();
    const next = draw("image", { href, preserveAspectRatio: "none", ...box });
    group.append(next);
    if (calm.matches) return last?.remove();
    const timing = { duration: FADE_MS, easing: "ease-in-out" };
    // How far the last one has come: to ask for its style would lay the page out.
    const opacity = last ? (coming.get(last)?.effect?.getComputedTiming().progress ?? 1) : 0;
    coming.set(next, next.animate([{ opacity: 0 }, { opacity: 1 }], timing));
    const remove = () => last?.remove();
    last?.animate([{ opacity }, { opacity: 0 }], { ...timing, fill: "forwards" }).finished.then(remove, remove);
  }

  return { press };
}

/** A map as a picture in one of the page's colours. @param {Occupancy} map @param {string} colour */
export function tinted({ rgba, columns, rows }, colour) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [columns, rows];
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.putImageData(new ImageData(new Uint8ClampedArray(rgba), columns, rows), 0, 0);
  context.globalCompositeOperation = "source-in";
  context.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(colour);
  context.fillRect(0, 0, columns, rows);
  return canvas.toDataURL();
}

/** The same in words. @param {Occupancy} sum @param {{ index: number, own: Occupancy } | undefined} chosen @param {number} count */
function words(sum, chosen, count) {
  const share = (/** @type {Occupancy} */ { filled }) => `${Math.round(100 * filled)} %`;
  const all = count === 1 ? "One picture fills" : `${count} pictures fill`;
  const alone = chosen && count > 1 ? ` Picture ${chosen.index + 1} alone fills ${share(chosen.own)}.` : "";
  return `${all} ${share(sum)} of its world, seen from above.${alone}`;
}
