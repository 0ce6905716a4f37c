// @ts-check
import { Painters } from "./painters.js";

/** @typedef {import("../types").Job} Job @typedef {import("./remote.js").Remote} Remote @typedef {import("./painters.js").Painter} Painter */

/** A painter that paints so quickly does other things between two frames of the screen, even alone. */
const QUICK_MS = 8;

/** How many pictures are kept: those of a whole way around. */
const KEPT = 1200;

/**
 * The painters, and who paints what: the wanted picture first (a newer one replaces it), then neighbours of it, then
 * what takes long. The first painter is kept free for wanted pictures if there are others.
 */
export class Pool extends Painters {
  /** @type {Map<string, Uint8Array>} */
  #kept = new Map();
  /** How many packages were opened. */
  packages = 0;
  /** @type {Map<string, Job>} */
  #underway = new Map();
  /** @type {Job | undefined} */
  #wanted;
  /** @type {Job[]} */
  #ahead = [];
  /** @type {((remote: Remote) => Promise<void>)[]} */
  #slow = [];
  /** What is done while pictures are wanted all the time. @type {((remote: Remote) => Promise<void>) | undefined} */
  #live;
  /** Whether the package has not seen the scene yet, which is asked for again when it has. */
  #blind = false;
  /** How long the last picture took, in milliseconds. */
  #ms = Infinity;

  /** Goes on with a painter that has another package open, and with no picture. @param {Remote} remote */
  restart(remote) {
    for (const painter of this.painters.splice(0)) painter.remote.end();
    this.packages += 1;
    this.#kept.clear();
    this.#underway.clear();
    this.#blind = true;
    this.drop();
    this.add(remote);
  }

  /** Whether the package that is open has seen the scene. */
  get sees() { return !this.#blind; }

  /** @override Forgets what waits. */
  drop() {
    [this.#wanted, this.#ahead, this.#slow, this.#live] = [undefined, [], [], undefined];
  }

  /** @param {string} key @param {Float32Array[]} contributions what each picture tells */
  setScene(key, contributions) {
    // The same views tell another package something else.
    this.scene = { key: `${this.packages}:${key}`, contributions };
    this.#blind = false;
    this.drop();
  }

  /** @param {Job} job @param {Job[]} ahead */
  want(job, ahead) {
    if (this.#blind) return;
    this.#slow = [];
    this.#ahead = ahead;
    this.#wanted = undefined;
    const kept = this.#kept.get(job.key);
    const underway = this.#underway.get(job.key);
    if (kept) this.events.picture(job, kept, undefined);
    else if (underway) underway.serial = job.serial;
    else this.#wanted = job;
    this.run();
  }

  /** Does something long when nothing is wanted. @param {(remote: Remote) => Promise<void>} work */
  later(work) {
    this.#slow.push(work);
    this.run();
  }

  /** Does something even while pictures are wanted, the latest of it; false if there is no painter to spare.
   * @param {(remote: Remote) => Promise<void>} work */
  live(work) {
    if (this.painters.length < 2 && this.#ms > QUICK_MS) return false;
    this.#live = work;
    this.run();
    return true;
  }

  /** @override @param {Painter} painter */
  next(painter) {
    // What is asked for meanwhile is about the scene as another package sees it.
    if (this.#blind) return undefined;
    const [first, ...others] = this.painters;
    const wanted = this.#wanted;
    if (wanted) {
      this.#wanted = undefined;
      return () => this.#paint(painter, wanted);
    }
    if (painter === first && others.length) return undefined;
    const work = (painter === first ? this.#alone() : this.#spare(painter)) ?? this.#slow.shift();
    return work && (() => work(painter.remote));
  }

  /** What the only painter does beside the wanted pictures. */
  #alone() {
    const live = this.#live;
    this.#live = undefined;
    return live;
  }

  /** What is done in time to spare. @param {Painter} painter */
  #spare(painter) {
    const live = this.#live;
    this.#live = undefined;
    const ahead = live ? undefined : this.#nextAhead();
    return live ?? (ahead && (() => this.#paint(painter, ahead)));
  }

  #nextAhead() {
    for (let job = this.#ahead.shift(); job; job = this.#ahead.shift()) {
      if (!this.#kept.has(job.key) && !this.#underway.has(job.key)) return job;
    }
  }

  /** @param {Painter} painter @param {Job} job */
  async #paint(painter, job) {
    const { camera, seed, temperature } = job;
    this.#underway.set(job.key, job);
    try {
      const { rgba, ms } = await painter.remote.call("query", { camera, seed, temperature });
      this.#ms = ms;
      this.#kept.set(job.key, rgba);
      if (this.#kept.size > KEPT) this.#kept.delete(String(this.#kept.keys().next().value));
      this.events.picture(job, rgba, ms);
    } finally {
      this.#underway.delete(job.key);
    }
  }
}
