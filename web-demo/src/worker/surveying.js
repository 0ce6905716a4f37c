// @ts-check
// The operations of a surveyor: a rendered scene, where its cameras may be, and what they see.
import { Scene, compare as comparison, parseViews } from "../../wasm/gqn.js";

/** @typedef {import("../types").Camera} Camera */

/** @type {Scene | undefined} */
let scene;

/** Corners of the line on the map along which one walks around. */
const PATH = 360;

/** Steps once around. */
const ROUND = 1080;

/** How many times the steps that were gone on the way are told ahead. */
const AHEAD = [1, 2, 3, 4, 5, 6];

export function worlds() {
  return Scene.worlds();
}

/** Opens a scene. @param {{ name: string, seed: string, planSide: number }} which */
export async function survey({ name, seed, planSide }) {
  const next = new Scene(name, BigInt(seed));
  scene?.free();
  scene = next;
  const most = next.maxContext();
  const home = next.home();
  const [rises, advances] = [next.canRaise(), next.canAdvance()];
  // Who goes up and down and nearer and farther keeps to no line.
  const line = rises && advances ? [] : split(next.orbit(PATH));
  const path = line.flatMap((camera) => [...next.toMap(camera).subarray(0, 2)]);
  const fieldOfView = Scene.fieldOfView();
  const cameras = split(next.cameras(most));
  return { most, home, path, fieldOfView, rises, advances, cameras, plan: await png(next.plan(planSide), planSide) };
}

/** A square picture as a file: the page has other things to do than to write it. @param {Uint8Array | undefined} rgba @param {number} side */
async function png(rgba, side) {
  if (!rgba) return undefined;
  const canvas = new OffscreenCanvas(side, side);
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
  context.putImageData(new ImageData(new Uint8ClampedArray(rgba), side, side), 0, 0);
  return canvas.convertToBlob({ type: "image/png" });
}

/** Goes on from a camera, by a motion or so many steps of the way around, and looks.
 * @param {{ camera: Camera, motion: number[], steps: number, ahead: number[][], side: number }} where */
export function look({ camera: from, motion, steps, ahead, side }) {
  const at = opened();
  const go = (/** @type {Camera} */ from, /** @type {number[]} */ [turn, raise, advance]) => at.move(from, turn, raise, advance);
  const camera = steps ? at.onward(from, steps) : motion.some(Boolean) ? go(from, motion) : from;
  const neighbours = steps ? AHEAD.map((times) => at.onward(camera, times * steps)) : ahead.map((motion) => go(camera, motion));
  const truth = side ? at.render(camera, side) : undefined;
  return { camera: camera.slice(), map: at.toMap(camera), truth, ahead: neighbours };
}

/** The allowed camera nearest to a place on the map. @param {{ camera: Camera, u: number, v: number }} where */
export function place({ camera, u, v }) {
  return opened().fromMap(camera, u, v);
}

/** The camera after a motion. @param {{ camera: Camera, motion: number[] }} where */
export function moved({ camera, motion: [turn, raise, advance] }) {
  return opened().move(camera, turn, raise, advance);
}

/** The camera on the way around that is nearest. @param {Camera} camera */
export function onWay(camera) {
  return opened().onward(camera, 0);
}

/** Cameras once along the way around, beginning with one. @param {{ from: Camera, count: number }} way @returns {Camera[]} */
export function around({ from, count }) {
  return Array.from({ length: count }, (_, index) => opened().onward(from, Math.round((ROUND * index) / count)));
}

/** The camera part of the way from one to another. @param {{ from: Camera, to: Camera, t: number }} way */
export function between({ from, to, t }) {
  return opened().between(from, to, t);
}

/** A picture that the scene's camera takes. @param {{ camera: Camera, side: number }} shot */
export function shoot({ camera, side }) {
  return { rgba: opened().render(camera, side), map: opened().toMap(camera) };
}

/** @param {Camera} camera */
export function toMap(camera) {
  return opened().toMap(camera);
}

/** Where a box lies on the map: u, v, width and height. @param {Float32Array} corners cameras at two of its corners */
export function box(corners) {
  const [[u, v], [right, lower]] = split(corners).map((corner) => opened().toMap(corner));
  return [u, v, right - u, lower - v];
}

/** @param {{ painted: Uint8Array, truth: Uint8Array, side: number }} pair */
export function compare({ painted, truth, side }) {
  const found = comparison(painted, truth, side);
  const { psnr, ssim, difference } = found;
  found.free();
  return { psnr, ssim, difference };
}

/** @param {Blob} file a `views.json` */
export async function readViews(file) {
  const found = parseViews(new Uint8Array(await file.arrayBuffer()));
  const { files, cameras, fieldOfView } = found;
  found.free();
  return { files, cameras: split(cameras), fieldOfView };
}

/** @param {Float32Array} cameras */
function split(cameras) {
  return Array.from({ length: cameras.length / 5 }, (_, index) => cameras.slice(5 * index, 5 * index + 5));
}

function opened() {
  if (!scene) throw new Error("no scene is open");
  return scene;
}
