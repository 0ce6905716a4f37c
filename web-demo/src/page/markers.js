// @ts-check
import { draw } from "./dom.js";

/** A camera on the map: what it sees, and a handle that looks to where it looks. */
export const SIGHT = "M0 0L-.155 -.333L.155 -.333Z";
const HANDLE = "M0 -.048C.022 -.03 .034 -.012 .034 .008A.034 .034 0 0 1 -.034 .008C-.034 -.012 -.022 -.03 0 -.048Z";

/** How near to the map's edge the middle of a camera may be, and what is said of one that stands beyond. */
const EDGE = 0.045;
const BEYOND = ", beyond the map";

/** @param {string} kind @param {string} label @param {string} [text] */
export function camera(kind, label, text) {
  const node = draw("g", { class: `camera ${kind}`, tabindex: "0", role: "button", "aria-label": label });
  node.append(draw("circle", { r: ".075", class: "reach" }), draw("path", { d: HANDLE, class: "handle" }));
  if (text) node.append(draw("text", { class: "number", "text-anchor": "middle", dy: ".017" }, text));
  return node;
}

/** Puts a camera where it stands, or, beyond the map, on its edge. @param {Element} node
 * @param {Float32Array} at u, v and heading on the map @param {number} scale */
export function stand(node, at, scale) {
  const heading = at[2];
  const beyond = (/** @type {number} */ place) => !(place >= 0 && place <= 1);
  const [u, v] = [at[0], at[1]].map((place) => (beyond(place) ? (place > 1 ? 1 - EDGE : EDGE) : place));
  const was = node.classList.contains("beyond");
  if (node.classList.toggle("beyond", beyond(at[0]) || beyond(at[1])) !== was && node.classList.contains("camera")) {
    const label = /** @type {string} */ (node.getAttribute("aria-label")).replace(BEYOND, "");
    node.setAttribute("aria-label", node.classList.contains("beyond") ? label + BEYOND : label);
  }
  node.setAttribute("transform", `translate(${u} ${v}) scale(${scale})`);
  for (const path of node.querySelectorAll("path")) path.setAttribute("transform", `rotate(${(heading * 180) / Math.PI})`);
}
