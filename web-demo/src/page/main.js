// @ts-check
import { button, element, make, say } from "./dom.js";
import { Download, manifest, offer } from "./download.js";
import { input } from "./input.js";
import { lenses } from "./lenses.js";
import { Look } from "./look.js";
import { map } from "./map.js";
import { phase, settle, show, size } from "./messages.js";
import { keep } from "./offline.js";
import { named, own } from "./own.js";
import { Pool } from "./pool.js";
import { Remote } from "./remote.js";
import { Scene } from "./scene.js";
import { initial, read, write } from "./state.js";
import { strip } from "./strip.js";
import { count, rate, tools } from "./tools.js";

/** @typedef {import("../types").PackageFiles} PackageFiles */

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
  element("model", HTMLSelectElement).append(...models.map(({ name }) => make("option", { value: name }, name)));
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

  /** The files that the painters were started with. @type {PackageFiles} */
  let files;
  /** Opens a package in the first painter; the page stays as it was if it is refused. @param {PackageFiles} next */
  async function open(next) {
    const first = pool.painters[0]?.remote ?? (await Remote.start(module));
    const found = await first.call("open", next, ({ phase: name, fraction }) => phase("prepare", name, fraction));
    phase("prepare", `${(found.ms / 1000).toFixed(1)} s`, 1);
    files = next;
    pool.restart();
    if (!pool.painters.length) pool.add(first);
    const bytes = [...next.files, ...(next.zip ? [next.zip] : [])].reduce((sum, file) => sum + file.size, 0);
    say("n-model", `${size(bytes)}, step ${found.manifest.step.toLocaleString("en")}`);
    say("n-engine", found.engine);
    say("n-wasm", size(wasmBytes));
    await scene.repackage(found.side);
    look.addEventListener("rest", () => help(bytes), { once: true });
  }

  /** Starts the other painters, when the first picture is there. @param {number} bytes of the package */
  async function help(bytes) {
    const cores = navigator.hardwareConcurrency || 2;
    const most = bytes > 1e8 || cores < 4 ? 2 : cores < 8 ? 3 : 4;
    say("n-painters", String(pool.painters.length));
    const mine = files;
    for (let others = pool.painters.length; others < most; others++) {
      const remote = await Remote.start(module);
      await remote.call("open", mine);
      if (files !== mine) return remote.end();
      pool.add(remote);
      say("n-painters", String(pool.painters.length));
    }
  }

  const first = new Promise((resolve) => look.addEventListener("picture", resolve, { once: true }));
  files = await opened;
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
    location.hash = write({ ...state, model: value });
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
