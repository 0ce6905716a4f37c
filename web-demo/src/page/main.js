// @ts-check
import { count } from "./count.js";
import { element, shown } from "./dom.js";
import { Download, offer } from "./download.js";
import { Engines } from "./engines.js";
import { links } from "./history.js";
import { input } from "./input.js";
import { lenses } from "./lenses.js";
import { Look } from "./look.js";
import { map } from "./map.js";
import { notice, phase, show, warn } from "./messages.js";
import { occupancy } from "./occupancy.js";
import { keep } from "./offline.js";
import { opener } from "./open.js";
import { opening } from "./opening.js";
import { Pool } from "./pool.js";
import { behind, previewOf } from "./preview.js";
import { Remote } from "./remote.js";
import { Scene } from "./scene.js";
import { sharing } from "./share.js";
import { initial, read, refusedSeed, refusedServer } from "./state.js";
import { strip } from "./strip.js";
import { tools } from "./tools.js";
import { menus, named, travelling } from "./travel.js";
import { why } from "./why.js";

async function main() {
  if (typeof WebAssembly !== "object") {
    throw new Error("WebAssembly is switched off in this browser, and the network runs on it\nhint: allow it for this site (some privacy settings and lockdown modes switch it off), or use another browser");
  }
  const linked = location.hash.length > 1;
  const asked = /[#&]mean=[01]/.test(location.hash);
  const refused = refusedSeed(location.hash);
  const state = read(location.hash, initial());
  // The story begins with one picture.
  if (!linked) state.shown = [0];
  const download = new Download();
  phase("download", "", undefined);
  // What computes and what is large wait until there is something to see.
  const [offered] = await Promise.all([offer(), shown()]);
  const { wasm_bytes: wasmBytes, models, servers = [] } = offered;
  const unasked = refusedServer(state, servers);
  const model = models.find(({ name }) => name === state.model) ?? models[0];
  state.model = model.name;
  why(model, wasmBytes);
  // Other networks than voxel models fill no grid.
  element("holds-row", HTMLElement).hidden = model.representation !== "voxel";
  const compiling = download.engine(wasmBytes);
  // Who chose another engine waits for that one anyway.
  const preview = state.engine ? undefined : await previewOf(model);
  const fetching = () => download.files(preview ?? model);
  const first = servers.includes(state.engine) ? Promise.resolve({ names: [], files: [], later: fetching }) : fetching();
  first.catch(() => undefined);
  const follow = preview && behind(model, Promise.all([first, compiling]));
  // Workers load their scripts meanwhile, and the first package is read while the scene is rendered.
  const surveying = Remote.start(compiling, "portable", "reload the page: scenes are no longer rendered");
  const painting = Remote.start(compiling);
  painting.catch(() => undefined);
  const surveyor = await surveying;
  const module = await compiling;
  const worlds = /** @type {string[]} */ (await surveyor.call("worlds"));
  if (!worlds.includes(state.world)) state.world = model.world ?? worlds[0];
  menus(models, worlds);

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
  const { changed, arrived } = links(scene);
  map(scene, look);
  strip(scene, look);
  const { repaint } = lenses(scene, look);
  const using = tools(scene, look, { repaint, changed, fail });
  const { mark, walk, roam, press } = using;
  scene.addEventListener("views", () => changed(200));
  scene.addEventListener("state", () => changed(200));
  look.addEventListener("place", () => changed(300));
  const holds = occupancy(scene, { changed });
  const moved = () => { walk(false); element("hint", HTMLElement).hidden = true; };
  look.addEventListener("taken", moved);
  input(scene, (motion) => { moved(); if (motion.some(Boolean)) look.move(scene.motion(motion)).catch(fail); }, { ...press, h: holds.press });
  sharing(scene, { changed, fail });
  const story = opening(scene, look, { walk, set: using.set, fail });
  mark();

  const engines = new Engines(module, offered, painting);
  const openings = opener({ asked, mark, engines, pool, scene, look });
  const { open } = openings;
  engines.menu(state, () => openings.again().then(mark, fail));
  // What the first picture does not need comes meanwhile, so that everything works when it is there; or after a small model's picture.
  const others = () => Promise.all([import("./how.js"), import("./own.js"), import("./save.js")]);
  const meanwhile = preview ? undefined : others();
  await Promise.all([meanwhile, scene.open(), open({ coming: first, download, preview: !!preview })]);
  const [{ how }, { own }, { saving }] = await (meanwhile ?? others());
  if (refused) notice(refused);
  if (unasked) warn(unasked);
  how(scene, look);
  saving(scene, look);

  const { leave } = own(scene, {
    async package(next, name) {
      if (!(await open({ coming: Promise.resolve(next) }))) return;
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
  travelling(scene, look, { models, worlds, servers, openings, tools: using, repaint, arrived, leave, fail });
  const followed = follow?.(openings).catch(fail);
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (state.orbit) roam();
  else if (!linked) {
    // Who has begun to look around is shown the pictures at once, and who wants less motion stills of the story.
    const begun = element("hint", HTMLElement).hidden;
    const begin = calm ? Promise.all([import("./stills.js"), followed]).then(([{ stills }]) => stills(scene, look)) : begun ? scene.show(initial().shown) : story.play();
    begin.catch(fail);
  }
  await followed;
  await keep().catch(() => undefined);
}

main().catch((error) => {
  show(error);
  element("progress", HTMLElement).classList.add("stopped");
});
