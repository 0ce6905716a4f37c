// @ts-check
import { element, say } from "./dom.js";
import { hush, notice, show } from "./messages.js";

/** @typedef {import("../types").PackageFiles} PackageFiles @typedef {{ path: string, file: File }} Entry */

const VIEWS = "views.json";
const MANIFEST = "manifest.json";
const EXPECTED = `hint: drop a folder with pictures and their ${VIEWS}, or a package: its folder, its files or one zip`;

/** Takes in pictures and packages of one's own, dropped or chosen.
 * @param {import("./scene.js").Scene} scene
 * @param {{ package: (files: PackageFiles, name: string) => Promise<void>, views: () => Promise<void> }} take */
export function own(scene, take) {
  /** @param {Promise<Entry[]>} coming */
  async function receive(coming) {
    hush();
    try {
      await sort(await coming);
    } catch (error) {
      show(error);
    }
  }

  /** @param {Entry[]} entries */
  async function sort(entries) {
    const named = (/** @type {string} */ name) => entries.find(({ path }) => plain(path) === name);
    const zip = entries.find(({ path }) => path.toLowerCase().endsWith(".zip"));
    const [views, manifest] = [named(VIEWS), named(MANIFEST)];
    if (views) return readViews(views, entries);
    if (manifest) {
      const names = entries.map(({ path }) => plain(path));
      return take.package({ names, files: entries.map(({ file }) => file) }, folder(manifest.path));
    }
    if (zip) return take.package({ names: [], files: [], zip: zip.file }, plain(zip.path));
    const found = entries.length === 1 ? plain(entries[0].path) : `${entries.length} files`;
    throw new Error(`found ${found}, but no ${VIEWS}, no ${MANIFEST} and no zip\n${EXPECTED}`);
  }

  /** @param {Entry} list @param {Entry[]} entries */
  async function readViews(list, entries) {
    const { files, cameras, fieldOfView } = await scene.surveyor.call("readViews", await list.file.text());
    const pictured = files.map((/** @type {string} */ name, /** @type {number} */ index) => ({ name, camera: cameras[index] }));
    const views = pictured.filter((/** @type {{ name: string }} */ { name }) => name);
    if (!views.length) throw new Error(`${VIEWS} names no picture\nhint: each view that is shown needs one`);
    // Without a package there is nothing to compare with; one that comes later is refused if it does not fit.
    const [painter] = scene.pool.painters;
    if (fieldOfView !== undefined) await painter?.remote.call("checkFieldOfView", { what: VIEWS, found: fieldOfView });
    const pictures = await Promise.all(views.map(async (/** @type {{ name: string, camera: Float32Array }} */ { name, camera }, /** @type {number} */ index) => {
      const entry = entries.find(({ path }) => plain(path) === name);
      if (!entry) throw new Error(`${VIEWS} names ${name}, which is not among the ${entries.length} files\n${EXPECTED}`);
      const map = await scene.surveyor.call("toMap", camera);
      return { key: `own/${performance.now()}/${name}`, index, camera, map, ...(await decode(entry)) };
    }));
    Object.assign(scene, { own: pictures, fieldOfView });
    scene.state.shown = pictures.map((_, index) => index);
    mine(true);
    await take.views();
    notice(`Showing it ${pictures.length} pictures of yours.`);
  }

  element("own-back", HTMLElement).addEventListener("click", async () => {
    scene.own = undefined;
    scene.state.shown = [0, 1, 2];
    mine(false);
    await take.views().catch(show);
  });
  for (const id of ["open-files", "open-folder"]) {
    const input = element(id, HTMLInputElement);
    input.addEventListener("change", () => {
      receive(Promise.resolve([...(input.files ?? [])].map((file) => ({ path: file.webkitRelativePath || file.name, file }))));
      input.value = "";
    });
  }
  dropping(receive);
}

/** Offers what can be done with pictures of one's own, or with rendered scenes. @param {boolean} own */
function mine(own) {
  element("own-back", HTMLElement).hidden = !own;
  for (const id of ["scene", "how"]) element(id, HTMLElement).hidden = own;
}

/** @param {(coming: Promise<Entry[]>) => void} receive */
function dropping(receive) {
  const veil = element("drop", HTMLElement);
  const files = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files");
  document.addEventListener("dragover", (event) => {
    if (!files(event)) return;
    event.preventDefault();
    veil.hidden = false;
  });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) veil.hidden = true; });
  document.addEventListener("drop", (event) => {
    if (!files(event)) return;
    event.preventDefault();
    veil.hidden = true;
    const items = [...(event.dataTransfer?.items ?? [])].filter((item) => item.kind === "file");
    const entries = items.map((item) => item.webkitGetAsEntry?.()).filter((entry) => entry !== null && entry !== undefined);
    const loose = [...(event.dataTransfer?.files ?? [])].map((file) => ({ path: file.name, file }));
    receive(entries.length ? Promise.all(entries.map(walk)).then((found) => found.flat()) : Promise.resolve(loose));
  });
}

/** All files below a dropped entry. @param {any} entry @returns {Promise<Entry[]>} */
async function walk(entry) {
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
    return [{ path: entry.fullPath, file }];
  }
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    // A reader gives a folder in portions, an empty one last.
    const portion = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!portion.length) return found;
    found.push(...(await Promise.all(portion.map(walk))).flat());
  }
}

/** @param {Entry} entry */
async function decode({ path, file }) {
  const bitmap = await createImageBitmap(file).catch(() => {
    throw new Error(`${plain(path)} is no picture that this browser can read\nhint: PNG and JPEG work everywhere`);
  });
  const { width, height } = bitmap;
  if (width !== height) throw new Error(`${plain(path)} is ${width}×${height}, expected as wide as high\nhint: crop it`);
  const canvas = new OffscreenCanvas(width, height);
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.drawImage(bitmap, 0, 0);
  return { rgba: new Uint8Array(context.getImageData(0, 0, width, height).data.buffer), side: width };
}

/** @param {string} path */
const plain = (path) => path.slice(path.lastIndexOf("/") + 1);

/** @param {string} path */
const folder = (path) => path.split("/").filter(Boolean).at(-2) ?? "your package";

/** Says which package of one's own is open, if it is one. @param {string | undefined} name */
export function named(name) {
  say("offline", name ? `Painting with ${name}, in this tab.` : "Runs in this tab. Nothing leaves it.");
}
