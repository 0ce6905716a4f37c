// @ts-check
import { element, make, say } from "./dom.js";
import { markdown } from "./markdown.js";
import { label } from "./worlds.js";

/** What a package says of itself: a few figures, its model card, and whether it knows this world.
 * @param {import("./scene.js").Scene} scene @returns {(found: import("../types").Package) => void} */
export function card(scene) {
  let trainedOn = "";
  scene.addEventListener("survey", () => say("stranger", scene.own ? foreign(trainedOn) : stranger(trainedOn, scene.state.world)));
  element("card-open", HTMLElement).addEventListener("click", () => element("card", HTMLDialogElement).showModal());
  return (found) => {
    trainedOn = found.manifest.provenance?.data ?? "";
    write(found);
  };
}

/** @param {import("../types").Package} found */
function write({ manifest, side, steps, card: text }) {
  const { provenance, precision, variant, step } = manifest;
  const { metrics = {}, data = "", seconds = 0 } = provenance ?? {};
  const { psnr_generated: psnr, mse_generated: error, mse_constant: constant } = metrics;
  /** @type {[string, string | false][]} */
  const figures = [
    ["trained on", data && told(data)],
    ["for", `${step.toLocaleString("en")} steps${seconds ? `, ${duration(seconds)}` : ""}`],
    ["new scenes", psnr !== undefined && `${psnr.toFixed(1)} dB PSNR`],
    ["error", !!constant && error !== undefined && `${(error / constant).toFixed(2)} of the best constant picture\u2019s`],
    ["network", network(manifest.config)],
    ["graph", `${side}×${side}, ${steps} DRAW steps, ${variant}, ${precision}`],
  ];
  const rows = figures.filter(([, value]) => value).map(([name, value]) =>
    make("div", {}, make("dt", {}, name), make("dd", {}, String(value))));
  element("figures", HTMLElement).replaceChildren(...rows);
  element("card-open", HTMLElement).hidden = !text;
  element("card-text", HTMLElement).replaceChildren(...markdown(text ?? ""));
}

/** How it represents a scene. @param {{ representation?: string, voxel?: { cells: number[] } }} [config] */
function network({ representation, voxel } = {}) {
  if (voxel) return `a grid of ${voxel.cells.join("×")} cells`;
  return representation ? `the paper\u2019s, ${representation}` : "";
}

/** @param {number} seconds */
export function duration(seconds) {
  const [minutes, hours] = [Math.round(seconds / 60), seconds / 3600];
  return seconds < 90 ? `${Math.round(seconds)} s` : minutes < 100 ? `${minutes} min` : `${hours.toFixed(1)} h`;
}

/** The world and how many scenes of it. @param {string} data */
export function told(data) {
  const [world, ...more] = data.split(", ");
  return [label(world), ...more].join(", ");
}

/** What is said of pictures that nobody rendered. @param {string} data what it was trained on */
function foreign(data) {
  const [own] = data.split(", ");
  return own && `This model knows only \u201c${label(own)}\u201d. Of pictures of anything else it paints what it knows.`;
}

/** @param {string} data what it was trained on @param {string} world */
function stranger(data, world) {
  const [own] = data.split(", ");
  if (own === "" || own === world) return "";
  return `This model was never trained on such scenes. It knows only \u201c${label(own)}\u201d, and takes these for that.`;
}
