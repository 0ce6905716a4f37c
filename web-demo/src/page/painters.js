// @ts-check
import { Ended, Silent } from "./remote.js";

/** @typedef {import("../types").Job} Job @typedef {import("./remote.js").Remote} Remote */
/** @typedef {{ remote: Remote, busy: boolean, scene: string }} Painter */

/**
 * The painters: workers with the package open. Each is given the scene before it works on it, and one that gives no answer is
 * left out. Who does what says `next`.
 */
export class Painters {
  /** @type {Painter[]} */
  painters = [];
  /** What is painted, and what its pictures tell. @type {{ key: string, contributions: Float32Array[] }} */
  scene = { key: "", contributions: [] };

  /** @param {{ picture: (job: Job, rgba: Uint8Array, ms: number | undefined) => void, fail: (error: Error) => void, lost?: () => void }} events
   * `lost` when a painter gave no answer and was ended */
  constructor(events) { this.events = events; }

  /** @param {Remote} remote */
  add(remote) {
    this.painters.push({ remote, busy: false, scene: "" });
    this.run();
  }

  /** What a free painter does. @param {Painter} _painter @returns {(() => Promise<void>) | undefined} */
  next(_painter) { return undefined; }

  /** Forgets what waits. */
  drop() {}

  /** Gives work to all who are free. */
  run() {
    for (const painter of this.painters) {
      const work = painter.busy ? undefined : this.next(painter);
      if (work) this.#occupy(painter, work);
    }
  }

  /** @param {Painter} painter @param {() => Promise<void>} work */
  async #occupy(painter, work) {
    painter.busy = true;
    try {
      const { key, contributions } = this.scene;
      if (painter.scene !== key) await painter.remote.call("scene", contributions);
      painter.scene = key;
      await work();
    } catch (error) {
      if (!(error instanceof Ended)) this.events.fail(/** @type {Error} */ (error));
      if (error instanceof Silent) this.#lose(painter.remote);
    }
    painter.busy = false;
    this.run();
  }

  /** Asks the first painter for something else than a picture. @param {string} operation @param {any} argument @returns {Promise<any>} */
  ask(operation, argument) {
    return this.#ask(this.painters[0], operation, argument);
  }

  /** Asks the painter that is least in the way of the view. @param {string} operation @param {any} argument @returns {Promise<any>} */
  aside(operation, argument) {
    return this.#ask(this.painters[this.painters.length - 1], operation, argument);
  }

  /** @param {Painter | undefined} painter @param {string} operation @param {any} argument @returns {Promise<any>} */
  async #ask(painter, operation, argument) {
    if (!painter) throw new Ended();
    try {
      return await painter.remote.call(operation, argument);
    } catch (error) {
      if (error instanceof Silent) this.#lose(painter.remote);
      throw error;
    }
  }

  /** Goes on without a painter. @param {Remote} remote */
  #lose(remote) {
    const at = this.painters.findIndex((painter) => painter.remote === remote);
    if (at < 0) return;
    this.painters.splice(at, 1);
    this.drop();
    this.events.lost?.();
  }
}
