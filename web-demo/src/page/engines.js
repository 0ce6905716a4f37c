// @ts-check
import { Download } from "./download.js";
import { element, make, say } from "./dom.js";
import { notice, phase, show, size } from "./messages.js";
import { Remote } from "./remote.js";
import { served, why } from "./why.js";

/** What an engine says of a graph with operators that it does not have. */
const UNKNOWN = /no such operator is known|none that the exporter writes/;

/** What is going on when the engine says that a part of the work has begun or is over. @type {Record<string, string>} */
const PARTS = { "unpack 0": "checking the files", "read 0": "reading the graphs", "read 1": "warming up" };

/** @typedef {import("../types").PackageFiles} PackageFiles */
/** @typedef {{ name: "portable" | "tract", module: WebAssembly.Module, bytes: number } | { name: "server", origin: string, back: () => void, bytes: 0 }} Engine */

/** The engines that can run a package: the built-in one, and tract, which is loaded only when it is chosen or needed. A page that was
 * built for it knows servers too, which paint with packages of their own. */
export class Engines {
  /** @type {Promise<WebAssembly.Module> | undefined} */
  #tract;
  /** The server that was asked last. */
  asked = "";

  /** @param {WebAssembly.Module} module @param {import("./download.js").Offer} offer @param {Promise<Remote>} first
   * a worker that was started before anything could be opened */
  constructor(module, { wasm_bytes: bytes, tract_bytes: tractBytes, servers = [] }, first) {
    this.servers = servers;
    /** @type {Promise<Remote> | undefined} */
    this.first = first;
    /** @type {Engine} */
    this.portable = { name: "portable", module, bytes };
    /** 0 where the page was built without it. */
    this.tractBytes = tractBytes ?? 0;
  }

  /** The engine that the state names. @param {import("../types").State} state @returns {Promise<Engine>} */
  async chosen({ engine }) {
    if (this.servers.includes(engine)) return { name: "server", origin: engine, back: () => this.choose(""), bytes: 0 };
    return engine === "tract" && this.tractBytes ? this.tract() : this.portable;
  }

  /** @returns {Promise<Engine>} */
  async tract() {
    if (!this.#tract) notice(`Loading tract, a second engine: ${size(this.tractBytes)}, once.`);
    this.#tract ??= new Download().engine(this.tractBytes, "tract");
    const module = await this.#tract.catch((error) => {
      this.#tract = undefined;
      throw error;
    });
    return { name: "tract", module, bytes: this.tractBytes };
  }

  /** A painter with a package open, on the engine that the state names or on the one that is needed instead.
   * @param {PackageFiles} files @param {Partial<PackageFiles>} cameras what is said of those that are open @param {import("../types").State} state */
  async open(files, cameras, state) {
    const progress = (/** @type {any} */ { phase: part, fraction }) => phase("prepare", PARTS[`${part} ${fraction}`] ?? "", undefined);
    const asked = await this.chosen(state);
    if (asked.name === "server") this.asked = asked.origin;
    try {
      const first = asked.name === "server" ? undefined : this.first;
      if (first) this.first = undefined;
      return { ...(await started({ ...(await fetched(files, asked)), ...cameras }, asked, progress, first)), engine: asked, asked };
    } catch (error) {
      const engine = await this.instead(asked, error);
      if (!engine) throw error;
      // Without the server, the page is still one that paints.
      if (asked.name === "server") [state.engine] = ["", show(error)];
      return { ...(await started({ ...(await fetched(files, engine)), ...cameras }, engine, progress)), engine, asked: asked.name === "server" ? engine : asked };
    }
  }

  /** The engine for a package that one has refused; none if another would not help. @param {Engine} engine @param {unknown} error
   * @returns {Promise<Engine> | Engine | undefined} */
  instead(engine, error) {
    if (engine.name === "server") return this.portable;
    const unknown = error instanceof Error && UNKNOWN.test(error.message);
    return engine.name === "portable" && unknown && this.tractBytes ? this.tract() : undefined;
  }

  /** The menu of engines. @param {import("../types").State} state @param {() => Promise<unknown>} change */
  menu(state, change) {
    const menu = element("engine", HTMLSelectElement);
    const tract = this.tractBytes ? [make("option", { value: "tract" }, `tract (${size(this.tractBytes)} more)`)] : [];
    const servers = this.servers.map((origin) => make("option", { value: origin }, `server ${new URL(origin).host}`));
    menu.replaceChildren(make("option", { value: "" }, "built-in"), ...tract, ...servers);
    menu.disabled = menu.length < 2;
    this.choose = async (/** @type {string} */ value) => {
      state.engine = menu.value = value;
      menu.disabled = true;
      await change().finally(() => { menu.disabled = false; });
    };
    menu.addEventListener("change", () => this.choose(menu.value));
    element("token-row", HTMLElement).hidden = !servers.length;
    element("token", HTMLInputElement).addEventListener("change", () => this.choose(this.asked || this.servers[0]));
  }

  /** Goes on with another engine. @param {string} _value of the menu @returns {Promise<void>} */
  async choose(_value) {}
}

/** The files for an engine: a server has its own, and they are fetched when they are needed. @param {PackageFiles} files
 * @param {Engine} engine */
async function fetched(files, engine) {
  if (files.later && engine.name !== "server") Object.assign(files, { ...(await files.later()), later: undefined });
  return files;
}

/** A new painter with a package open; the others are not disturbed if it is refused.
 * @param {PackageFiles} files @param {Engine} engine @param {(progress: any) => void} [progress] @param {Promise<Remote>} [first]
 * a worker with the built-in engine that is there already
 * @returns {Promise<{ remote: Remote, found: any }>} */
export async function started(files, engine, progress, first) {
  const ready = await first;
  if (ready && engine.name !== "portable") ready.end();
  const remote = ready && !ready.ended ? ready : await painter(engine);
  try {
    return { remote, found: await remote.call("open", files, progress) };
  } catch (error) {
    remote.end();
    throw error;
  }
}

/** @param {Engine} engine @returns {Promise<Remote>} */
async function painter(engine) {
  if (engine.name !== "server") return Remote.start(engine.module, engine.name);
  const { Served } = await import("./served.js");
  const token = () => element("token", HTMLInputElement).value;
  return /** @type {Remote} */ (/** @type {unknown} */ (new Served(engine.origin, token, engine.back)));
}

/** Says which engine runs, and what. @param {Engine} engine @param {import("../types").Package} found
 * @param {{ bytes: number, needed: boolean, preview: boolean }} how `bytes` of the package; `needed` if nobody chose the engine; a `preview` is
 * not what the page tells of */
export function running(engine, found, { bytes: weight, needed, preview }) {
  const { name, bytes } = engine;
  say("n-model", weight ? size(weight) : "\u2013");
  say("n-load", `${(found.ms / 1000).toFixed(1)} s`);
  say("n-engine", found.engine);
  say("n-wasm", bytes ? size(bytes) : "\u2013");
  element("engine", HTMLSelectElement).value = engine.name === "server" ? engine.origin : name === "tract" ? "tract" : "";
  served(engine.name === "server" ? new URL(engine.origin).host : "");
  const { data = "", seconds = 0 } = found.manifest.provenance ?? {};
  if (engine.name !== "server" && !preview) why({ bytes: weight, data, seconds }, bytes);
  if (needed) notice(`This package has operators that the built-in engine does not know: tract runs it (${size(bytes)}).`);
}
