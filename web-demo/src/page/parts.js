// @ts-check
// Small parts of the explanation: pictures in rows, a picture and its map, rays on a map.
import { button, draw, make, paint } from "./dom.js";
import { tinted } from "./occupancy.js";

/** Pixels of the small pictures, at most. */
const SMALL = 160;
/** Rays of the drawing, to both sides, and the places along each. */
const RAYS = 9;
const PLACES = 14;

/** A row of pictures with words below. @param {HTMLElement} row @param {{ rgba: Uint8Array, text: string }[]} pictures
 * @param {boolean} pixels */
export function fillRow(row, pictures, pixels) {
  while (row.children.length > pictures.length) row.lastElementChild?.remove();
  while (row.children.length < pictures.length) row.append(make("li", {}, make("canvas", { width: "32", height: "32" }), make("span")));
  pictures.forEach(({ rgba, text }, index) => {
    const [canvas, words] = row.children[index].children;
    paint(/** @type {HTMLCanvasElement} */ (canvas), rgba, Math.sqrt(rgba.length / 4), pixels, SMALL);
    if (words.textContent !== text) words.textContent = text;
  });
}

/** One picture, what it fills, and what is painted from it alone: pressed, it is taken out of the sum.
 * @param {number} index @param {() => void} press */
export function part(index, press) {
  const node = button("", { class: "part", "aria-pressed": "true", title: "Subtract it from the sum, or add it again" }, press);
  node.append(
    make("canvas", { width: "32", height: "32", class: "given" }), make("img", { alt: "", class: "cells grid-only", hidden: "" }),
    make("canvas", { width: "32", height: "32", class: "alone" }), make("span", {}, `Picture ${index + 1}`));
  return make("li", {}, node);
}

/** @param {Element} item @param {{ rgba: Uint8Array, side: number, above: import("../types").Occupancy | undefined, alone: Uint8Array | undefined, taken: boolean, pixels: boolean, index: number }} what */
export function fillPart(item, { rgba, side, above, alone, taken, pixels, index }) {
  const [node] = item.children;
  const [given, cells, painted] = node.children;
  paint(/** @type {HTMLCanvasElement} */ (given), rgba, side, pixels, SMALL);
  if (above) /** @type {HTMLImageElement} */ (cells).src = tinted(above, "--shown-fill");
  cells.toggleAttribute("hidden", !above);
  if (alone) paint(/** @type {HTMLCanvasElement} */ (painted), alone, side, pixels, SMALL);
  node.setAttribute("aria-pressed", String(!taken));
  node.setAttribute("aria-label", `Picture ${index + 1}: ${taken ? "subtracted; press to add it" : "in the sum; press to subtract it"}`);
}

/** Rays of a view through the grid, seen from above. @param {SVGSVGElement} svg
 * @param {{ map: import("../types").Occupancy, box: number[], at: Float32Array, fieldOfView: number, near: number, far: number }} what
 * `box` u, v, width and height of the grid on the map, `at` u, v and heading, `near` and `far` in widths of the map */
export function rays(svg, { map, box, at, fieldOfView, near, far }) {
  const [u, v, heading] = at;
  const [left, top, width, height] = box;
  const holds = (/** @type {number} */ x, /** @type {number} */ y) => {
    const [column, row] = [Math.floor(((x - left) / width) * map.columns), Math.floor(((y - top) / height) * map.rows)];
    const inside = column >= 0 && row >= 0 && column < map.columns && row < map.rows;
    return inside ? map.rgba[4 * (row * map.columns + column) + 3] / 255 : 0;
  };
  const marks = [draw("image", { href: tinted(map, "--ink"), x: String(left), y: String(top), width: String(width), height: String(height), preserveAspectRatio: "none", opacity: ".55" })];
  const half = Math.tan(fieldOfView / 2);
  for (let ray = 0; ray < RAYS; ray++) {
    const angle = heading + Math.atan((((ray + 0.5) * 2) / RAYS - 1) * half);
    const [dx, dy] = [Math.sin(angle), -Math.cos(angle)];
    const along = (/** @type {number} */ far) => [u + far * dx, v + far * dy];
    const [x, y] = along(far);
    marks.push(draw("line", { x1: String(u), y1: String(v), x2: String(x), y2: String(y), class: "ray" }));
    for (let place = 0; place < PLACES; place++) {
      const [cx, cy] = along(near + ((place + 0.5) / PLACES) * (far - near));
      const full = holds(cx, cy);
      marks.push(draw("circle", { cx: String(cx), cy: String(cy), r: String(0.004 + 0.011 * full), class: "sampled", opacity: String(0.3 + 0.7 * full) }));
    }
  }
  marks.push(draw("circle", { cx: String(u), cy: String(v), r: ".022", class: "eye" }));
  svg.replaceChildren(...marks);
}
