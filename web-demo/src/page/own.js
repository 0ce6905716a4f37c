// @ts-check
import { element } from "./dom.js";
import { dropping } from "./drop.js";
import { MANIFEST, MOST_LIST, beside, folder, light, listed, plain } from "./files.js";
import { example } from "./example.js";
import { hush, notice, show, warn } from "./messages.js";
import { holds, readZip } from "./zip.js";

/** @typedef {import("../types").PackageFiles} PackageFiles @typedef {import("../types").OwnView} OwnView @typedef {import("./drop.js").Entry} Entry */

const VIEWS = "views.json";
const EXPECTED = `hint: drop a folder or a zip with pictures and their ${VIEWS}, or a package: its folder, its files or one zip`;
/** Pictures of one's own that are shown at once: each takes its place on the map, and memory. */
const MOST = 64;

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
    if (!entries.length) throw new Error(`found no file in what was opened\n${EXPECTED}`);
    const named = (/** @type {string} */ name) => entries.find(({ path }) => plain(path) === name);
    const zip = entries.find(({ path }) => path.toLowerCase().endsWith(".zip"));
    const [views, manifest] = [named(VIEWS), named(MANIFEST)];
    if (views) return readViews(views, entries);
    if (manifest) {
      const parts = await listed(manifest, entries);
      light(parts);
      return take.package({ names: parts.map(({ path }) => plain(path)), files: parts.map(({ file }) => file) }, folder(manifest.path));
    }
    if (zip) {
      light([zip]);
      if (await holds(zip.file, VIEWS)) return sort(await readZip(zip.file));
      return take.package({ names: [], files: [], zip: zip.file }, plain(zip.path));
    }
    const found = entries.length === 1 ? plain(entries[0].path) : `${entries.length} files`;
    throw new Error(`found ${found}, but no ${VIEWS}, no ${MANIFEST} and no zip\n${EXPECTED}`);
  }

  /** All is looked at before anything of the page changes. @param {Entry} list @param {Entry[]} entries */
  async function readViews(list, entries) {
    if (list.file.size > MOST_LIST) throw new Error(`${VIEWS} has ${list.file.size} bytes, expected at most ${MOST_LIST}`);
    const { files, cameras, fieldOfView } = await scene.surveyor.call("readViews", list.file);
    const pictured = files.map((/** @type {string} */ name, /** @type {number} */ index) => ({ name, camera: cameras[index] }));
    const views = pictured.filter((/** @type {{ name: string }} */ { name }) => name);
    if (!views.length) throw new Error(`${VIEWS} names no picture\nhint: each view that is shown needs one`);
    if (views.length > MOST) throw new Error(`${VIEWS} names ${views.length} pictures, expected at most ${MOST}\nhint: let it name fewer`);
    // Without a package there is nothing to compare with; one that comes later is refused if it does not fit.
    const asked = scene.pool.painters.length > 0;
    if (asked && fieldOfView !== undefined) await scene.pool.ask("checkFieldOfView", { what: VIEWS, found: fieldOfView });
    const given = { what: VIEWS, cameras: views.map((/** @type {OwnView} */ { camera }) => camera) };
    const warnings = asked ? await scene.pool.ask("cameraWarnings", given) : [];
    /** @type {OwnView[]} */
    const pictures = [];
    let cut = 0;
    // One after another: a decoded photograph takes a hundred megabytes and more.
    for (const [index, { name, camera }] of views.entries()) {
      const entry = beside(list, entries).find(({ path }) => plain(path) === name);
      if (!entry) throw new Error(`${VIEWS} names ${name}, which is not among the ${entries.length} files\n${EXPECTED}`);
      if (views.length > 1) notice(`Reading picture ${index + 1} of ${views.length} …`);
      const side = scene.side || 32;
      const found = await scene.surveyor.call("photograph", { name, file: entry.file, side });
      const map = await scene.surveyor.call("toMap", camera);
      cut += Number(found.cut);
      pictures.push({ key: `own/${performance.now()}/${name}`, name, index, camera, map, rgba: found.rgba, side, file: entry.file });
    }
    if (!scene.own) scene.rendered = { shown: scene.state.shown, at: scene.state.at };
    Object.assign(scene, { own: pictures, fieldOfView });
    scene.state.shown = pictures.map((_, index) => index);
    mine(true);
    await take.views();
    for (const warning of warnings) warn(warning);
    const count = pictures.length === 1 ? "one picture" : `${pictures.length} pictures`;
    notice(`Showing it ${count} of yours${cut ? ", cut to squares" : ""}.`);
  }

  /** Puts pictures of one's own away. */
  function leave() {
    Object.assign(scene, { own: undefined, fieldOfView: undefined });
    mine(false);
  }

  element("own-back", HTMLElement).addEventListener("click", async () => {
    leave();
    Object.assign(scene.state, scene.rendered);
    element("painted", HTMLElement).focus({ preventScroll: true });
    await take.views().catch(show);
  });
  for (const id of ["open-files", "open-folder"]) {
    const input = element(id, HTMLInputElement);
    input.addEventListener("change", () => {
      receive(Promise.resolve([...(input.files ?? [])].map((file) => ({ path: file.webkitRelativePath || file.name, file }))));
      input.value = "";
    });
  }
  element("example", HTMLElement).addEventListener("click", () => receive(example()));
  dropping(receive);
  return { leave };
}

/** Offers what can be done with pictures of one's own, or with rendered scenes. @param {boolean} own */
function mine(own) {
  element("own-back", HTMLElement).hidden = !own;
  for (const id of ["scene", "how-cameras"]) element(id, HTMLElement).hidden = own;
}
