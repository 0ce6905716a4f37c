// @ts-check
import { Download } from "./download.js";
import { element, make, say } from "./dom.js";
import { notice, phase, size } from "./messages.js";
import { Remote } from "./remote.js";

/** What an engine says of a graph with operators that it does not have. */
const UNKNOWN = /no such operator is known|none that the exporter writes/;

/** What is going on when the engine says that a part of the work has begun or is over. @type {Record<string, string>} */
const PARTS = { "unpack 0": "checking the files", "read 0": "reading the graphs", "read 1": "warming up" };

/** @typedef {import("../types").PackageFiles} PackageFiles */
/** @typedef {{ name: "portable" | "tract", module: WebAssembly.Module, bytes: number }} Engine */

/** The engines that can run a package: the built-in one, and tract, which is loaded only when it is chosen or needed. */
export class Engines {
  /** @type {Promise<WebAssembly.Module> | undefined} */
  #tract;

  /** @param {WebAssembly.Module} module @param {import("./download.js").Offer} offer @param {Promise<Remote>} first
   * a worker that was started before anything could be opened */
  constructor(module, { wasm_bytes: bytes, tract_bytes: tractBytes }, first) {
    /** @type {Promise<Remote> | undefined} */
    this.first = first;
    /** @type {Engine} */
    this.portable = { name: "portable", module, bytes };
    /** 0 where the page was built without it. */
    this.tractBytes = tractBytes ?? 0;
  }

  /** The engine that the state names. @param {import("../types").State} state @returns {Promise<Engine>} */
  async chosen({ engine }) {
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
   * @param {PackageFiles} files @param {import("../types").State} state */
  async open(files, state) {
    const progress = (/** @type {any} */ { phase: part, fraction }) => phase("prepare", PARTS[`${part} ${fraction}`] ?? "", undefined);
    const asked = await this.chosen(state);
    try {
      const first = this.first;
      this.first = undefined;
      return { ...(await started(files, asked, progress, first)), engine: asked, asked };
    } catch (error) {
      const engine = await this.instead(asked, error);
      if (!engine) throw error;
      return { ...(await started(files, engine, progress)), engine, asked };
    }
  }

  /** The engine for a package that one has refused; none if another would not help. @param {Engine} engine @param {unknown} error
   * @returns {Promise<Engine> | undefined} */
  instead(engine, error) {
    const unknown = error instanceof Error && UNKNOWN.test(error.message);
    return engine.name === "portable" && unknown && this.tractBytes ? this.tract() : undefined;
  }

  /** The menu of engines. @param {import("../types").State} state @param {() => Promise<unknown>} change */
  menu(state, change) {
    const menu = element("engine", HTMLSelectElement);
    const tract = this.tractBytes ? [make("option", { value: "tract" }, `tract (${size(this.tractBytes)} more)`)] : [];
    menu.replaceChildren(make("option", { value: "" }, "built-in"), ...tract);
    menu.disabled = !tract.length;
    menu.addEventListener("change", async () => {
      state.engine = menu.value;
      menu.disabled = true;
      await change().finally(() => { menu.disabled = false; });
    });
  }
}

/** A new painter with a package open; the others are not disturbed if it is refused.
 * @param {PackageFiles} files @param {Engine} engine @param {(progress: any) => void} [progress] @param {Promise<Remote>} [first]
 * a worker with the built-in engine that is there already
 * @returns {Promise<{ remote: Remote, found: any }>} */
export async function started(files, { module, name }, progress, first) {
  const ready = await first;
  if (ready && name !== "portable") ready.end();
  const remote = ready && !ready.ended ? ready : await Remote.start(module, name);
  try {
    return { remote, found: await remote.call("open", files, progress) };
  } catch (error) {
    remote.end();
    throw error;
  }
}

/** Says which engine runs. @param {Engine} engine @param {string} words of itself @param {boolean} needed whether nobody chose it */
export function running({ name, bytes }, words, needed) {
  say("n-engine", words);
  say("n-wasm", size(bytes));
  element("engine", HTMLSelectElement).value = name === "tract" ? "tract" : "";
  if (needed) notice(`This package has operators that the built-in engine does not know: tract runs it (${size(bytes)}).`);
}
