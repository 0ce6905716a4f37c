// @ts-check
import { element, make } from "./dom.js";
import { Download, manifest, offer } from "./download.js";
import { input } from "./input.js";
import { lenses } from "./lenses.js";
import { Look } from "./look.js";
import { map } from "./map.js";
import { phase, settle, show, size } from "./messages.js";
import { keep } from "./offline.js";
import { opener } from "./open.js";
import { named, own } from "./own.js";
import { Pool } from "./pool.js";
import { Remote } from "./remote.js";
import { Scene } from "./scene.js";
import { initial, read, write } from "./state.js";
import { strip } from "./strip.js";
import { count, rate, tools } from "./tools.js";

async function main() {
  const linked = location.hash.length > 1;
  const state = read(location.hash, initial());
  const download = new Download();
  phase("download", "", undefined);
  const { wasm_bytes: wasmBytes, models } = await offer();
  const model = models.find(({ name }) => name === state.model) ?? models[0];
  state.model = model.name;
  const compiling = download.engine(wasmBytes);
  const opened = manifest(model.name).then((text) => download.files(model.name, text));
  const module = await compiling;

  const surveyor = await Remote.start(module);
  const worlds = /** @type {string[]} */ (await surveyor.call("worlds"));
  if (!worlds.includes(state.world)) state.world = model.world ?? worlds[0];
  element("world", HTMLSelectElement).append(...worlds.map((name) => make("option", { value: name }, name.replaceAll("-", " "))));
  const options = models.map(({ name, image_size: side, bytes }) => make("option", { value: name }, `${name}: ${side}×${side}, ${size(bytes)}`));
  element("model", HTMLSelectElement).append(...options);
  element("model-label", HTMLElement).hidden = models.length < 2;

  const fail = (/** @type {unknown} */ error) => show(error);
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
    const put = () => history.replaceState(null, "", write(state));
    if (delay) writing = setTimeout(put, delay);
    else put();
  };
  map(scene, look);
  strip(scene, look);
  const { repaint } = lenses(scene, look);
  const { mark, walk, step, travel, press } = tools(scene, look, { repaint, changed, fail });
  scene.addEventListener("views", () => changed(200));
  scene.addEventListener("state", () => changed(200));
  look.addEventListener("place", () => changed(300));
  const moved = () => { walk(false); element("hint", HTMLElement).hidden = true; };
  input(scene, (motion) => { moved(); if (motion.some(Boolean)) look.move(motion[0], motion[1]).catch(fail); }, press);
  element("map", SVGSVGElement).addEventListener("pointerdown", moved, true);
  mark();
  await scene.open();

  const open = opener({ module, pool, scene, look, wasmBytes });
  const first = new Promise((resolve) => look.addEventListener("picture", resolve, { once: true }));
  const files = await opened;
  download.end();
  phase("prepare", "", undefined);
  await open(files);
  phase("picture", "", undefined);
  await first;
  phase("picture", "", 1);
  settle(true);
  document.documentElement.dataset.ready = "";

  own(scene, {
    async package(next, name) {
      await open(next);
      named(name);
    },
    async views() {
      state.at = scene.own?.[0].camera;
      look.place = undefined;
      await scene.open();
    },
  });
  element("model", HTMLSelectElement).addEventListener("change", async (event) => {
    const { value } = /** @type {HTMLSelectElement} */ (event.target);
    const world = models.find(({ name }) => name === value)?.world ?? state.world;
    history.replaceState(null, "", write({ ...initial(), model: value, world, mean: state.mean, pixels: state.pixels }));
    location.reload();
  });
  window.addEventListener("hashchange", async () => {
    const before = state.model;
    Object.assign(state, read(location.hash, initial()));
    if (state.model && state.model !== before) return location.reload();
    if (!worlds.includes(state.world)) state.world = model.world ?? worlds[0];
    look.place = undefined;
    mark();
    repaint();
    await scene.open().catch(fail);
  });
  setInterval(rate, 500);
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (state.orbit) step();
  else if (!linked && !calm) setTimeout(() => { if (!element("hint", HTMLElement).hidden) walk(true); }, 2500);
  await keep().catch(() => undefined);
}

main().catch(show);
