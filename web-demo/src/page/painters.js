// @ts-check
import { Ended, Silent } from "./remote.js";

/** @typedef {import("../types").Job} Job @typedef {import("./remote.js").Remote} Remote */
/** @typedef {{ remote: Remote, busy: boolean, scene: string, told: Set<number>, telling: Promise<void> }} Painter
 * `told`: the contributions that its worker keeps; `telling`: what it is being told of the scene */

/** What one picture tells is up to a megabyte: it is sent to a worker once, and named by its number afterwards. @type {WeakMap<object, number>} */
const numbers = new WeakMap();
let last = 0;

/** @param {Float32Array} contribution */
function number(contribution) {
  const found = numbers.get(contribution) ?? ++last;
  numbers.set(contribution, found);
  return found;
}

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
    this.painters.push({ remote, busy: false, scene: "", told: new Set(), telling: Promise.resolve() });
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
      await this.#sendScene(painter);
      await work();
    } catch (error) {
      if (!(error instanceof Ended)) this.events.fail(/** @type {Error} */ (error));
      if (error instanceof Silent) this.#lose(painter.remote);
    }
    painter.busy = false;
    this.run();
  }

  /** Gives a painter the scene of now, after what it is being told already. @param {Painter} painter */
  #sendScene(painter) {
    const { scene } = this;
    painter.telling = painter.telling.catch(() => {}).then(() => this.#send(painter, scene));
    return painter.telling;
  }

  /** What a painter does not have of the scene goes to it one after another, so that nothing else of the page waits long.
   * @param {Painter} painter @param {{ key: string, contributions: Float32Array[] }} scene */
  async #send(painter, { key, contributions }) {
    if (painter.scene === key) return;
    const all = contributions.map(number);
    for (const [index, contribution] of contributions.entries()) {
      if (painter.told.has(all[index])) continue;
      await painter.remote.call("keep", { number: all[index], contribution });
      painter.told.add(all[index]);
    }
    await painter.remote.call("scene", all);
    [painter.scene, painter.told] = [key, new Set(all)];
  }

  /** Asks the first painter for something else than a picture. @param {string} operation @param {any} argument @returns {Promise<any>} */
  ask(operation, argument) {
    return this.#ask(this.painters[0], operation, argument);
  }

  /** Asks the painter that is least in the way of the view. @param {string} operation @param {any} argument @returns {Promise<any>} */
  aside(operation, argument) {
    return this.#ask(this.#last, operation, argument);
  }

  /** Asks the same painter for something of the scene, which it may not have worked on yet.
   * @param {"query" | "drawing"} operation @param {any} argument @returns {Promise<any>} */
  ofScene(operation, argument) {
    return this.#ask(this.#last, operation, argument, (painter) => this.#sendScene(painter));
  }

  get #last() {
    return this.painters[this.painters.length - 1];
  }

  /** @param {Painter | undefined} painter @param {string} operation @param {any} argument
   * @param {(painter: Painter) => Promise<void>} [before] what is done before @returns {Promise<any>} */
  async #ask(painter, operation, argument, before) {
    if (!painter) throw new Ended();
    try {
      await before?.(painter);
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
