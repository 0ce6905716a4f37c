// @ts-check
import { glide } from "./glide.js";
import { latest } from "./remote.js";
import { STEP, job, likely } from "./steps.js";

/** @typedef {import("../types").Camera} Camera @typedef {import("../types").Look} Place @typedef {import("../types").Job} Job */

/** How long the view must rest before what takes long is painted. */
const REST_MS = 220;
/** Two cameras that differ by less in each number are one. */
const NEARLY = 1e-3;

/**
 * Where one looks from. Says `taken` when somebody moves the camera, `place` when it stands elsewhere, `picture` when a
 * newer picture is there, and `rest` when the picture is that of the camera and nothing moves.
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
    this.#take();
    motion.forEach((steps, axis) => { this.#motion[axis] += steps * STEP; });
    if (motion[0]) this.#heading = Math.sign(motion[0]);
    return this.#going(undefined);
  }

  /** Goes so many steps of the way around. @param {number} steps */
  walk(steps) {
    this.#steps = steps;
    return this.#going(undefined);
  }

  /** Goes to the way around, if one is not on it. */
  async begin() {
    const from = this.place?.camera ?? this.scene.survey.home;
    const to = /** @type {Camera} */ (await this.scene.surveyor.call("onWay", from));
    if (to.some((value, at) => Math.abs(value - from[at]) > NEARLY)) await this.#glide(to);
  }

  /** Looks from there. @param {Camera} camera */
  jump(camera) {
    this.#take();
    return this.#jump(camera);
  }

  /** Forgets where one looks from: another scene comes. */
  reset() {
    [this.place, this.#gliding, this.#motion] = [undefined, undefined, [0, 0, 0]];
  }

  /** Walks there, so that one sees what lies between; who wants less motion is there at once.
   * @param {Camera | undefined} camera the scene's home if it is undefined */
  glide(camera) {
    this.#take();
    return this.#glide(camera ?? this.scene.survey.home);
  }

  #take() {
    this.#gliding = undefined;
    this.dispatchEvent(new Event("taken"));
  }

  /** @param {Camera} camera */
  #jump(camera) {
    [this.#gliding, this.#motion] = [undefined, [0, 0, 0]];
    return this.#going({ camera });
  }

  /** @param {Camera} to */
  async #glide(to) {
    const from = this.place?.camera;
    if (!from || this.scene.own || matchMedia("(prefers-reduced-motion: reduce)").matches) return this.#jump(to);
    const mine = (this.#gliding = Symbol("glide"));
    const go = async (/** @type {Camera} */ camera) => {
      if (this.#gliding === mine) await this.#going({ camera });
      return this.#gliding === mine;
    };
    if ((await glide(this.scene.surveyor, from, to, go)) && this.#gliding === mine) await this.#jump(to);
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
    const ahead = likely(this.#heading, survey);
    const truth = own ? 0 : side;
    this.place = /** @type {Place} */ (await surveyor.call("look", { camera, motion, steps, ahead, side: truth }));
    this.state.at = this.place.camera;
    this.dispatchEvent(new Event("place"));
    if (side && this.scene.pool.painters.length) this.#want(this.place);
  }

  /** @param {Place} place */
  #want({ camera, truth, ahead }) {
    const wanted = job(this.scene, camera, ++this.#serial);
    this.#truths.set(wanted.key, truth);
    clearTimeout(this.#resting);
    this.scene.pool.want(wanted, ahead.map((camera) => job(this.scene, camera, 0)));
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
