// @ts-check
import { element, make, say } from "./dom.js";
import { label } from "./worlds.js";

/** What a package says of itself: a few figures, its model card, and whether it knows this world.
 * @param {import("./scene.js").Scene} scene @returns {(found: import("../types").Package) => void} */
export function card(scene) {
  let trainedOn = "";
  /** The model card, until somebody reads it. */
  let text = "";
  scene.addEventListener("survey", () => say("stranger", scene.own ? foreign(trainedOn) : stranger(trainedOn, scene.state.world)));
  element("card-open", HTMLElement).addEventListener("click", async () => {
    const { markdown } = await import("./markdown.js");
    element("card-text", HTMLElement).replaceChildren(...markdown(text));
    element("card", HTMLDialogElement).showModal();
  });
  return (found) => {
    trainedOn = found.manifest.provenance?.data ?? "";
    text = found.card ?? "";
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
    ["for", `${grouped(step)} steps${seconds ? `, ${duration(seconds)}` : ""}`],
    ["new scenes", psnr !== undefined && `${psnr.toFixed(1)} dB PSNR`],
    ["error", !!constant && error !== undefined && `${(error / constant).toFixed(2)} of the best constant picture\u2019s`],
    ["network", network(manifest.config)],
    ["graph", `${side}×${side}, ${steps} DRAW steps, ${variant}, ${precision}`],
  ];
  const rows = figures.filter(([, value]) => value).map(([name, value]) =>
    make("div", {}, make("dt", {}, name), make("dd", {}, String(value))));
  element("figures", HTMLElement).replaceChildren(...rows);
  element("card-open", HTMLElement).hidden = !text;
}

/** How it represents a scene. @param {{ representation?: string, voxel?: { cells: number[] } }} [config] */
function network({ representation, voxel } = {}) {
  if (voxel) return `a grid of ${voxel.cells.join("×")} cells`;
  return representation ? `the paper\u2019s, ${representation}` : "";
}

/** 13,000: the browser's own grouping loads tables of languages, which takes longer than a picture. @param {number} count */
const grouped = (count) => String(count).replace(/\B(?=(\d{3})+$)/g, ",");

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
