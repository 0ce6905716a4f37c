// @ts-check
import { Download } from "./download.js";
import { element, make, say } from "./dom.js";
import { notice, size, warn } from "./messages.js";
import { initial, read, refusedSeed, refusedServer } from "./state.js";
import { label } from "./worlds.js";

/** @typedef {import("./download.js").Offer["models"]} Models */

/** Puts what can be chosen into the menus: models, and worlds with what is said of those that no model here was trained on.
 * @param {Models} models @param {string[]} worlds */
export function menus(models, worlds) {
  const trained = new Set(models.map(({ world }) => world));
  const known = (/** @type {string} */ name) => (trained.has(name) ? "" : " \u2013 no model here knows it");
  const inOrder = [...worlds].sort((a, b) => Number(trained.has(b)) - Number(trained.has(a)));
  element("world", HTMLSelectElement).append(...inOrder.map((name) => make("option", { value: name }, label(name) + known(name))));
  const title = (/** @type {{ name: string, representation: string }} */ { name, representation }) =>
    representation === "voxel" ? name : `the paper\u2019s network (${name})`;
  const options = models.map((model) =>
    make("option", { value: model.name }, `${title(model)}: ${model.image_size}×${model.image_size}, ${size(model.bytes)}`));
  element("model", HTMLSelectElement).append(...options);
  element("model-label", HTMLElement).hidden = models.length < 2;
}

/** Says which package of one's own is open, if it is one, and offers it beside the others as long as it is.
 * @param {string | undefined} name */
export function named(name) {
  say("offline", name ? `Painting with ${name}, in this tab.` : "Runs in this tab. Nothing leaves it.");
  const menu = element("model", HTMLSelectElement);
  menu.querySelector("option[value='']")?.remove();
  if (name) {
    menu.prepend(new Option(`${name} (yours)`, ""));
    menu.value = "";
  }
  element("model-label", HTMLElement).hidden = menu.length < 2;
}

/** Goes where the menus, links and the browser's ways back and forward lead.
 * @param {import("./scene.js").Scene} scene @param {import("./look.js").Look} look
 * @param {{ models: Models, worlds: string[], servers: string[], openings: import("./open.js").Openings,
 *   tools: ReturnType<typeof import("./tools.js").tools>, repaint: () => void, arrived: () => void, leave: () => void, fail: (error: unknown) => void }} page */
export function travelling(scene, look, { models, worlds, servers, openings, tools: { mark, roam, start }, repaint, arrived, leave, fail }) {
  const { state } = scene;
  /** Opens another of the models, in the world that it knows. @param {string} name */
  async function change(name) {
    const model = models.find((model) => model.name === name) ?? { name, world: null };
    const { world } = model;
    const before = { ...state };
    // A server has a package of its own.
    if (state.engine.startsWith("http")) state.engine = "";
    const download = new Download();
    const taken = () => {
      Object.assign(state, { model: name }, world && world !== state.world ? start(world) : {});
      look.reset();
    };
    try {
      if (!(await openings.open({ coming: download.files(model), download, taken }))) return;
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
  window.addEventListener("hashchange", async ({ newURL }) => {
    const { model: before, engine } = state;
    // Not the address bar's: a link that waited to be written may have been put there since.
    const { hash } = new URL(newURL);
    leave();
    arrived();
    Object.assign(state, read(hash, initial()));
    const refused = refusedSeed(hash);
    if (refused) notice(refused);
    const unasked = refusedServer(state, servers);
    if (unasked) warn(unasked);
    const wanted = models.find(({ name }) => name === state.model)?.name ?? before;
    state.model = before;
    if (!worlds.includes(state.world)) state.world = models[0].world ?? worlds[0];
    look.reset();
    if (wanted === before) {
      openings.stay();
      mark();
    }
    repaint();
    const another = state.engine === engine ? () => scene.open() : () => openings.again();
    await (wanted === before ? another() : change(wanted)).catch(fail);
    if (state.orbit) roam();
  });
}
