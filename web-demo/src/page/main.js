// @ts-check
import { element, make } from "./dom.js";
import { Download, offer } from "./download.js";
import { input } from "./input.js";
import { lenses } from "./lenses.js";
import { Look } from "./look.js";
import { map } from "./map.js";
import { notice, phase, show, size } from "./messages.js";
import { occupancy } from "./occupancy.js";
import { keep } from "./offline.js";
import { opener } from "./open.js";
import { named, own } from "./own.js";
import { Pool } from "./pool.js";
import { Remote } from "./remote.js";
import { Scene } from "./scene.js";
import { initial, read, refusedSeed, write } from "./state.js";
import { strip } from "./strip.js";
import { count, tools } from "./tools.js";
import { label } from "./worlds.js";

async function main() {
  if (typeof WebAssembly !== "object") {
    throw new Error("WebAssembly is switched off in this browser, and the network runs on it\nhint: allow it for this site (some privacy settings and lockdown modes switch it off), or use another browser");
  }
  const linked = location.hash.length > 1;
  const asked = /[#&]mean=[01]/.test(location.hash);
  const refused = refusedSeed(location.hash);
  const state = read(location.hash, initial());
  const download = new Download();
  phase("download", "", undefined);
  const { wasm_bytes: wasmBytes, models } = await offer();
  const model = models.find(({ name }) => name === state.model) ?? models[0];
  state.model = model.name;
  // Other networks than voxel models fill no grid.
  element("holds-row", HTMLElement).hidden = model.representation !== "voxel";
  const compiling = download.engine(wasmBytes);
  const first = download.files(model.name);
  first.catch(() => undefined);
  const module = await compiling;

  const surveyor = await Remote.start(module);
  const worlds = /** @type {string[]} */ (await surveyor.call("worlds"));
  if (!worlds.includes(state.world)) state.world = model.world ?? worlds[0];
  element("world", HTMLSelectElement).append(...worlds.map((name) => make("option", { value: name }, label(name))));
  const title = (/** @type {{ name: string, representation: string }} */ { name, representation }) =>
    representation === "voxel" ? name : `the paper\u2019s network (${name})`;
  const options = models.map((model) =>
    make("option", { value: model.name }, `${title(model)}: ${model.image_size}×${model.image_size}, ${size(model.bytes)}`));
  element("model", HTMLSelectElement).append(...options);
  element("model-label", HTMLElement).hidden = models.length < 2;

  const fail = show;
  const pool = new Pool({
    fail,
    picture(job, rgba, ms) {
      if (ms !== undefined) count(ms);
      look.painted(job, rgba);
    },
  });
  const scene = new Scene(surveyor, pool, state);
  const look = new Look(scene, state);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let writing;
  const changed = (delay = 0) => {
    clearTimeout(writing);
    // No link holds pictures of one's own: the one in the address bar stays that of the rendered scene.
    const put = () => history.replaceState(null, "", write(scene.own ? { ...state, ...scene.rendered } : state));
    if (delay) writing = setTimeout(put, delay);
    else put();
  };
  map(scene, look);
  strip(scene, look);
  const { repaint } = lenses(scene, look);
  const { mark, walk, roam, start, press } = tools(scene, look, { repaint, changed, fail });
  scene.addEventListener("views", () => changed(200));
  scene.addEventListener("state", () => changed(200));
  look.addEventListener("place", () => changed(300));
  const holds = occupancy(scene, { changed });
  const moved = () => { walk(false); element("hint", HTMLElement).hidden = true; };
  look.addEventListener("taken", moved);
  input(scene, (motion) => { moved(); if (motion.some(Boolean)) look.move(scene.motion(motion)).catch(fail); }, { ...press, h: holds.press });
  mark();
  await scene.open();

  const open = opener({ asked, mark, module, pool, scene, look, wasmBytes });
  await open(first, download);
  if (refused) notice(refused);

  const { leave } = own(scene, {
    async package(next, name) {
      await open(Promise.resolve(next));
      state.model = "";
      named(name);
      mark();
    },
    async views() {
      if (scene.own) state.at = scene.own[0].camera;
      look.reset();
      await scene.open();
    },
  });
  /** Opens another of the models, in the world that it knows. @param {string} name */
  async function change(name) {
    const { world = null } = models.find((model) => model.name === name) ?? {};
    const before = { ...state };
    const coming = new Download();
    const files = coming.files(name).then((files) => {
      Object.assign(state, { model: name }, world && world !== state.world ? start(world) : {});
      look.reset();
      return files;
    });
    try {
      await open(files, coming);
      named(undefined);
    } catch (error) {
      const moved = state.world !== before.world;
      Object.assign(state, before);
      fail(error);
      if (moved) {
        look.reset();
        await scene.open();
      }
    }
    mark();
  }
  element("model", HTMLSelectElement).addEventListener("change", (event) => {
    change(/** @type {HTMLSelectElement} */ (event.target).value);
  });
  window.addEventListener("hashchange", async () => {
    const before = state.model;
    leave();
    Object.assign(state, read(location.hash, initial()));
    const refused = refusedSeed(location.hash);
    if (refused) notice(refused);
    const wanted = models.find(({ name }) => name === state.model)?.name ?? before;
    state.model = before;
    if (!worlds.includes(state.world)) state.world = model.world ?? worlds[0];
    look.reset();
    mark();
    repaint();
    await (wanted === before ? scene.open() : change(wanted)).catch(fail);
    if (state.orbit) roam();
  });
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (state.orbit) roam();
  else if (!linked && !calm) setTimeout(() => { if (!element("hint", HTMLElement).hidden) walk(true); }, 2500);
  await keep().catch(() => undefined);
}

main().catch((error) => {
  show(error);
  element("progress", HTMLElement).classList.add("stopped");
});
