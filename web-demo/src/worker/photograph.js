// @ts-check
// A photograph of one's own: as the network sees it, and never whole in this program's memory.
import { Photograph, checkPhotograph, isWhole, sizeInHeader } from "../../wasm/gqn.js";

/** A file that is larger is no photograph, in bytes. */
const MOST_BYTES = 1 << 28;
/** Pixels that are taken out of the browser's memory at once. */
const STRIP = 1 << 20;

/** The largest square in the middle of a picture, resized as training does it, upright and in the file's own colours, what
 * shows through on white. @param {{ name: string, file: Blob, side: number }} photograph
 * @returns {Promise<{ rgba: Uint8Array, cut: boolean }>} */
export async function photograph({ name, file, side }) {
  if (file.size > MOST_BYTES) throw new Error(`${name} has ${file.size} bytes, expected at most ${MOST_BYTES}\nhint: make the picture smaller`);
  const bytes = new Uint8Array(await read(name, file));
  const [width, height] = sizeInHeader(bytes);
  if (width !== undefined) within(name, width, height);
  if (!isWhole(bytes)) throw new Error(`${name} is no picture that can be read: it is cut short\nhint: its copy or download was cut off; get it again`);
  const bitmap = await createImageBitmap(file, { imageOrientation: "from-image", colorSpaceConversion: "none" }).catch(() => {
    throw new Error(`${name} is no picture that this browser can read\nhint: PNG and JPEG work everywhere`);
  });
  try {
    within(name, bitmap.width, bitmap.height);
    return { rgba: resized(bitmap, side), cut: bitmap.width !== bitmap.height };
  } finally {
    bitmap.close();
  }
}

/** @param {string} name @param {Blob} part */
async function read(name, part) {
  return part.arrayBuffer().catch(() => {
    throw new Error(`${name} can no longer be read: it was moved or changed\nhint: open the pictures again`);
  });
}

/** @param {string} name @param {number} width @param {number} height */
function within(name, width, height) {
  try {
    checkPhotograph(width, height);
  } catch (error) {
    throw new Error(`${name} is ${/** @type {Error} */ (error).message}`);
  }
}

/** @param {ImageBitmap} bitmap @param {number} to */
function resized(bitmap, to) {
  const reduction = new Photograph(bitmap.width, bitmap.height, to);
  try {
    const { left, top, side } = reduction;
    const rows = Math.max(1, Math.min(side, Math.floor(STRIP / side)));
    const canvas = new OffscreenCanvas(side, rows);
    const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
    context.imageSmoothingEnabled = false;
    for (let row = 0; row < side; row += rows) {
      const height = Math.min(rows, side - row);
      context.fillStyle = "#fff";
      context.fillRect(0, 0, side, height);
      context.drawImage(bitmap, left, top + row, side, height, 0, 0, side, height);
      reduction.push(new Uint8Array(context.getImageData(0, 0, side, height).data.buffer));
    }
    return reduction.finish();
  } finally {
    reduction.free();
  }
}
