// @ts-check
/** @typedef {import("../types").State} State @typedef {import("../types").Camera} Camera */

/** @returns {State} */
export const initial = () => ({
  model: "", world: "", seed: "111", shown: [0, 1, 2], at: undefined, noise: 1, mean: false, pixels: false, orbit: false, step: 0, holds: true, engine: "",
});

/** Reads the hash of a link; what is missing or does not make sense stays as it is in `state`.
 * @param {string} hash @param {State} state @returns {State} */
export function read(hash, state) {
  const found = new URLSearchParams(hash.replace(/^#/, ""));
  const text = (/** @type {string} */ name, /** @type {RegExp} */ shape) => {
    const value = found.get(name);
    return value !== null && shape.test(value) ? value : undefined;
  };
  const flag = (/** @type {string} */ name, /** @type {boolean} */ otherwise) => {
    const value = text(name, /^[01]$/);
    return value === undefined ? otherwise : value === "1";
  };
  const shown = (found.get("shown") ?? "").split(".").map(readShown).filter((view) => view !== undefined);
  return {
    model: text("model", /^[\w-]+$/) ?? state.model,
    world: text("world", /^[\w-]+$/) ?? state.world,
    seed: text("seed", /^\d{1,18}$/) ?? state.seed,
    shown: shown.length ? shown : state.shown,
    at: readCamera(found.get("at") ?? "") ?? state.at,
    noise: Number(text("noise", /^\d{1,9}$/) ?? state.noise),
    mean: flag("mean", state.mean),
    pixels: flag("pixels", state.pixels),
    orbit: flag("orbit", state.orbit),
    step: Number(text("step", /^\d{1,3}$/) ?? state.step),
    holds: flag("holds", state.holds),
    engine: text("engine", /^tract$|^https?:\/\/[\w.:[\]-]+$/) ?? "",
  };
}

/** What is to be said when a link asks for a scene that is none. @param {string} hash */
export function refusedSeed(hash) {
  const asked = new URLSearchParams(hash.replace(/^#/, "")).get("seed");
  if (asked === null || /^\d{1,18}$/.test(asked)) return "";
  return `The link asks for scene \u201c${asked.slice(0, 20)}\u201d, which is none: this is scene ${initial().seed}.`;
}

/** What is to be said when a link asks for a server to paint that the page may not ask; it is taken out of the state.
 * @param {State} state @param {string[]} [servers] that the page was built for */
export function refusedServer(state, servers = []) {
  const asked = state.engine;
  if (!asked.startsWith("http") || servers.includes(asked)) return "";
  state.engine = "";
  return `The link asks for ${asked} to paint, and this page was not built for that: it paints in this tab\nhint: \`cargo xtask web --server ${asked}\` builds a page that may ask that server`;
}

/** @param {State} state */
export function write(state) {
  const { model, world, seed, shown, at, noise, mean, pixels, orbit, step, holds, engine } = state;
  const parts = { model, world, seed, shown: shown.map(writeShown).join("."), at: at ? writeCamera(at) : "", noise, mean: +mean };
  const rare = Object.entries({ pixels: +pixels, orbit: +orbit, step, engine }).filter(([, value]) => value);
  const named = [...Object.entries(parts), ...rare, ...(holds ? [] : [["holds", 0]])];
  return "#" + named.filter(([, value]) => value !== "").map(([name, value]) => `${name}=${value}`).join("&");
}

/** @param {string} text */
function readShown(text) {
  return /^\d{1,3}$/.test(text) ? Number(text) : readCamera(text);
}

/** @param {number | Camera} view */
function writeShown(view) {
  return typeof view === "number" ? view : writeCamera(view);
}

/** The five numbers, bit by bit. @param {Camera} camera */
export function writeCamera(camera) {
  const bytes = new Uint8Array(camera.slice().buffer);
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** @param {string} text @returns {Camera | undefined} */
function readCamera(text) {
  if (!/^[\w-]{27}$/.test(text)) return undefined;
  const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (byte) => byte.charCodeAt(0));
  const camera = new Float32Array(bytes.buffer);
  return camera.every(Number.isFinite) ? camera : undefined;
}
