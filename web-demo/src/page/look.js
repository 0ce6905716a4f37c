// @ts-check
import { latest } from "./remote.js";

/** @typedef {import("../types").Camera} Camera @typedef {import("../types").Look} Place @typedef {import("../types").Job} Job */

/** One step, as a fraction of the picture's width or height: on such steps pictures are painted ahead. */
export const STEP = 1 / 90;

/** How long the view must rest before what takes long is painted. */
const REST_MS = 220;

/** Two cameras that differ by less in each number are one. */
const NEARLY = 1e-3;
/** A walk from one place to another: how long it takes, and how often it says where it is. */
const GLIDE_MS = 520;
const GLIDE_STEP_MS = 40;

/**
 * Where one looks from. Says `place` when the camera stands elsewhere, `picture` when a newer picture is there, and
 * `rest` when the picture is that of the camera and nothing moves.
 */
export class Look extends EventTarget {
  /** @type {Place | undefined} */
  place;
  /** @type {{ job: Job, rgba: Uint8Array, truth: Uint8Array | undefined } | undefined} */
  shown;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #resting;
  #serial = 0;
  /** The walk that is under way. @type {symbol | undefined} */
  #gliding;
  #motion = [0, 0, 0];
  /** Steps of the way around that are to be gone. */
  #steps = 0;
  #heading = 1;
  /** Truths of the pictures that are on their way. @type {Map<string, Uint8Array | undefined>} */
  #truths = new Map();
  #going = latest(this.#go.bind(this));

  /** @param {import("./scene.js").Scene} scene @param {import("../types").State} state */
  constructor(scene, state) {
    super();
    this.scene = scene;
    this.state = state;
    scene.addEventListener("known", () => this.again());
  }

  /** Goes so many steps. @param {number[]} motion turn, raise and advance */
  move(motion) {
    this.#gliding = undefined;
    motion.forEach((steps, axis) => { this.#motion[axis] += steps * STEP; });
    if (motion[0]) this.#heading = Math.sign(motion[0]);
    return this.#going(undefined);
  }

  /** Goes one step of the way around. */
  walk() {
    this.#steps = 1;
    return this.#going(undefined);
  }

  /** Goes to the way around, if one is not on it. */
  async begin() {
    const from = this.place?.camera ?? this.scene.survey.home;
    const to = /** @type {Camera} */ (await this.scene.surveyor.call("onWay", from));
    if (to.some((value, at) => Math.abs(value - from[at]) > NEARLY)) await this.glide(to);
  }

  /** Looks from there. @param {Camera | undefined} camera the scene's home if it is undefined */
  jump(camera) {
    this.#gliding = undefined;
    this.#motion = [0, 0, 0];
    return this.#going({ camera: camera ?? this.scene.survey.home });
  }

  /** Walks there, so that one sees what lies between; who wants less motion is there at once.
   * @param {Camera | undefined} camera the scene's home if it is undefined */
  async glide(camera) {
    const [from, to] = [this.place?.camera, camera ?? this.scene.survey.home];
    if (!from || this.scene.own || matchMedia("(prefers-reduced-motion: reduce)").matches) return this.jump(to);
    const [mine, began] = [(this.#gliding = Symbol("glide")), performance.now()];
    for (let t = 0; t < 1; ) {
      t = Math.min((performance.now() - began) / GLIDE_MS, 1);
      const eased = t * t * (3 - 2 * t);
      const at = t < 1 ? await this.scene.surveyor.call("between", { from, to, t: eased }) : to;
      if (this.#gliding !== mine) return;
      // Where a wall stands between, one is there at once.
      if (t === 1 || at.every((/** @type {number} */ value, /** @type {number} */ index) => value === to[index])) return this.jump(to);
      await this.#going({ camera: at });
      await new Promise((resolve) => setTimeout(resolve, GLIDE_STEP_MS));
    }
  }

  /** Paints the same view again: the scene or the noise is another. */
  again() {
    return this.#going(undefined);
  }

  /** Has a picture been painted for where one looks now? */
  get settled() {
    return this.shown?.job.serial === this.#serial;
  }

  /** @param {{ camera: Camera } | undefined} jump */
  async #go(jump) {
    const { survey, surveyor, side, own } = this.scene;
    const [motion, steps] = [this.#motion, jump ? 0 : this.#steps];
    [this.#motion, this.#steps] = [[0, 0, 0], 0];
    const camera = jump?.camera ?? this.place?.camera ?? this.state.at ?? survey.home;
    const [near, far] = [this.#heading * STEP, -this.#heading * STEP];
    const turns = [near, 2 * near, 3 * near, far, 4 * near, 2 * far].map((turn) => [turn, 0, 0]);
    const others = [1, -1].flatMap((way) => [[0, way * STEP, 0], [0, 0, way * STEP]]);
    const ahead = [...turns, ...others].filter(([, raise, advance]) => (survey.rises || !raise) && (survey.advances || !advance));
    const truth = own ? 0 : side;
    this.place = /** @type {Place} */ (await surveyor.call("look", { camera, motion, steps, ahead, side: truth }));
    this.state.at = this.place.camera;
    this.dispatchEvent(new Event("place"));
    if (side && this.scene.pool.painters.length) this.#want(this.place);
  }

  /** @param {Place} place */
  #want({ camera, truth, ahead }) {
    const job = this.#job(camera, ++this.#serial);
    this.#truths.set(job.key, truth);
    clearTimeout(this.#resting);
    this.scene.pool.want(job, ahead.map((camera) => this.#job(camera, 0)));
  }

  /** @param {Camera} camera @param {number} serial @returns {Job} */
  #job(camera, serial) {
    const { noise, mean } = this.state;
    const [seed, temperature] = mean ? [0, 0] : [noise, 1];
    const at = Array.from(camera, (value) => value.toFixed(4)).join();
    return { key: `${this.scene.pool.scene.key}|${seed}|${temperature}|${at}`, camera, seed, temperature, serial };
  }

  /** A picture was painted; one that was asked for before the one on show is of no use.
   * @param {Job} job @param {Uint8Array} rgba */
  painted(job, rgba) {
    if (!job.serial || job.serial < (this.shown?.job.serial ?? 0)) return;
    this.shown = { job, rgba, truth: this.#truths.get(job.key) };
    if (job.serial === this.#serial) {
      this.#truths.clear();
      this.#truths.set(job.key, this.shown.truth);
      clearTimeout(this.#resting);
      if (!this.#gliding) this.#resting = setTimeout(() => this.dispatchEvent(new Event("rest")), REST_MS);
    }
    this.dispatchEvent(new Event("picture"));
  }
}
