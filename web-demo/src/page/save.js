// @ts-check
import { element } from "./dom.js";
import { notice } from "./messages.js";
import { noun } from "./worlds.js";
import { writeZip } from "./zip.js";

/** Side of saved pictures in pixels, and of the orbit's. */
const PICTURE = 512;
const ORBIT = 256;
/** Pictures of an orbit, and hundredths of a second for each: once around in six seconds. */
const FRAMES = 75;
const DELAY = 8;

/** Saves what is on show: the view, an orbit, and the scene itself.
 * @param {import("./scene.js").Scene} scene @param {import("./look.js").Look} look */
export function saving(scene, look) {
  const { state, surveyor, pool } = scene;
  const report = (/** @type {Error} */ error) => pool.events.fail(error);
  const name = () => (scene.own ? "my-scene" : `${state.world}-${state.seed}`);
  const wire = (/** @type {string} */ id, /** @type {(button: HTMLButtonElement) => Promise<void>} */ work) => {
    const button = element(id, HTMLButtonElement);
    button.addEventListener("click", () => {
      button.disabled = true;
      work(button).catch(report).finally(() => { button.disabled = false; });
    });
  };

  wire("save-picture", async () => {
    const shown = look.shown;
    if (!shown) return;
    await give(await png(enlarged(shown.rgba, scene.side, PICTURE)), `${name()}-painted.png`);
  });

  wire("save-orbit", async (button) => {
    if (!scene.known.length) await new Promise((resolve) => scene.addEventListener("known", resolve, { once: true }));
    // What is on show now: it may become another while the orbit is painted.
    const [model, file, { side, own: views }, from] = [pool.packages, `${name()}-orbit.gif`, scene, look.place?.camera ?? scene.survey.home];
    const added = scene.known.map(({ told }) => told);
    const [seed, temperature] = state.mean ? [0, 0] : [state.noise, 1];
    const label = button.textContent;
    try {
      const way = views ? own(views.map(({ camera }) => camera)) : await surveyor.call("around", { from, count: FRAMES });
      const frames = [];
      for (const camera of way) {
        const painted = await pool.aside("glimpse", { added, removed: [], camera, seed, temperature }).catch((error) => { if (model === pool.packages) throw error; });
        if (model !== pool.packages) return notice("Another model paints now: save the orbit again to have it.");
        frames.push(new Uint8Array(pixels(enlarged(painted, side, ORBIT))));
        button.textContent = `${Math.round((100 * frames.length) / way.length)} %`;
      }
      const bytes = await animated({ frames, side: ORBIT, delay: DELAY });
      await give(new Blob([/** @type {BlobPart} */ (bytes)], { type: "image/gif" }), file);
    } finally {
      button.textContent = label;
    }
  });

  wire("save-scene", async () => {
    const { views } = scene;
    const files = [];
    const listed = [];
    for (const [index, { rgba, side, camera: [x, y, z, yaw, pitch] }] of views.entries()) {
      const picture = `view-${index + 1}.png`;
      files.push({ name: `${name()}/${picture}`, bytes: new Uint8Array(await (await png(enlarged(rgba, side, side))).arrayBuffer()) });
      listed.push({ picture, position: [x, y, z], yaw, pitch });
    }
    const angle = scene.own ? scene.fieldOfView : scene.survey.fieldOfView;
    const list = { format: 1, ...(angle === undefined ? {} : { field_of_view: angle }), views: listed };
    files.unshift({ name: `${name()}/views.json`, bytes: new TextEncoder().encode(`${JSON.stringify(list, null, 2)}\n`) });
    await give(writeZip(files), `${name()}.zip`);
    notice(`The pictures of ${scene.own ? "your scene" : noun(state.world)} are saved: drop the zip here, or give its folder to gqn-run --views.`);
  });
}

/** The views of one's own, and back to the first. @param {import("../types").Camera[]} cameras */
function own(cameras) {
  return cameras.flatMap((camera) => Array.from({ length: Math.max(1, Math.round(FRAMES / cameras.length / 3)) }, () => camera));
}

/** @param {Uint8Array} rgba @param {number} side @param {number} to */
function enlarged(rgba, side, to) {
  const [small, large] = [new OffscreenCanvas(side, side), new OffscreenCanvas(to, to)];
  const context = (/** @type {OffscreenCanvas} */ canvas) => /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
  context(small).putImageData(new ImageData(new Uint8ClampedArray(rgba), side, side), 0, 0);
  if (to === side) return small;
  context(large).imageSmoothingQuality = "high";
  context(large).drawImage(small, 0, 0, to, to);
  return large;
}

/** @param {OffscreenCanvas} canvas */
const png = (canvas) => canvas.convertToBlob({ type: "image/png" });

/** @param {OffscreenCanvas} canvas */
const pixels = (canvas) => /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d")).getImageData(0, 0, canvas.width, canvas.height).data.buffer;

/** @param {{ frames: Uint8Array[], side: number, delay: number }} animation @returns {Promise<Uint8Array>} */
function animated(animation) {
  const worker = new Worker(new URL("../worker/gif.js", import.meta.url), { type: "module" });
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = (event) => reject(new Error(event.message || "the animation could not be made"));
    worker.postMessage(animation, animation.frames.map(({ buffer }) => buffer));
  }).finally(() => worker.terminate());
}

/** Shares a file where that is what people do, and saves it elsewhere. @param {Blob} blob @param {string} name */
async function give(blob, name) {
  const file = new File([blob], name, { type: blob.type });
  const touch = matchMedia("(pointer: coarse)").matches;
  if (touch && blob.type.startsWith("image/") && navigator.canShare?.({ files: [file] })) {
    const shared = await navigator.share({ files: [file] }).then(() => true, (error) => error.name === "AbortError");
    if (shared) return;
  }
  const anchor = document.createElement("a");
  anchor.href = URL.createObjectURL(blob);
  anchor.download = name;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(anchor.href), 60_000);
}
