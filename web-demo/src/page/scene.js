// @ts-check
import { latest } from "./remote.js";
import { picture } from "./shots.js";
import { possible } from "./steps.js";

/** @typedef {import("../types").View} View @typedef {import("../types").Camera} Camera @typedef {import("../types").State} State @typedef {import("../types").Contribution} Contribution @typedef {import("../types").OwnView} OwnView */
/** @typedef {import("./remote.js").Remote} Remote @typedef {import("./pool.js").Pool} Pool */
/** @typedef {{ most: number, home: Camera, path: number[], rises: boolean, advances: boolean, cameras: Camera[], plan: Blob | undefined, fieldOfView: number }} Survey */

/** Side of the map's picture in pixels. */
const PLAN_SIDE = 128;

/**
 * The scene and the pictures of it that the network is shown. Says `survey` when there is another scene, `views` when
 * other pictures are shown, and `known` when the network has seen them.
 */
export class Scene extends EventTarget {
  /** @type {View[]} */
  views = [];
  /** @type {Survey} */
  survey = { most: 1, home: new Float32Array(5), path: [], rises: false, advances: false, cameras: [], plan: undefined, fieldOfView: 0 };
  /** Side of the network's pictures; 0 until a package is known. */
  side = 0;
  /** The geometry of the network's grid, if it has one. @type {any} */
  voxel;
  /** Pictures of one's own instead of the rendered ones, and the cameras that only ask. @type {OwnView[] | undefined} */
  own;
  /** What was shown of the rendered scene before them, for the way back and for links. @type {Partial<State>} */
  rendered = {};
  /** Field of view of their cameras in radians, if it is stated. @type {number | undefined} */
  fieldOfView;
  /** What each of the pictures tells, when the network has seen them. @type {Contribution[]} */
  known = [];
  /** @type {Map<string, Contribution>} */
  #told = new Map();
  /** Tells the pictures of this scene and package from those of others. */
  #name = "";
  #package = 0;
  /** The world and scene that the surveyor was last told to open, and what it says of it. @type {{ key: string, coming: Promise<Survey> }} */
  #surveyed = { key: "", coming: Promise.resolve(this.survey) };
  #shooting = latest(this.#shoot.bind(this));
  #learning = latest(this.#learn.bind(this));

  /** @param {Remote} surveyor @param {Pool} pool @param {State} state */
  constructor(surveyor, pool, state) {
    super();
    this.surveyor = surveyor;
    this.pool = pool;
    this.state = state;
  }

  /** Opens the scene that the state names. */
  async open() {
    this.known = [];
    const { world, seed } = this.state;
    const key = `${world}/${seed}`;
    if (this.#surveyed.key !== key) {
      const coming = this.surveyor.call("survey", { name: world, seed, planSide: PLAN_SIDE });
      coming.catch(() => { this.#surveyed.key = ""; });
      this.#surveyed = { key, coming };
    }
    const survey = await this.#surveyed.coming;
    // Another scene was asked for meanwhile.
    if (this.#surveyed.key !== key) return;
    [this.survey, this.known] = [survey, []];
    this.#told.clear();
    this.#name = `${this.#package}/${world}/${seed}${this.own ? "/own" : ""}`;
    this.dispatchEvent(new Event("survey"));
    await this.show(this.state.shown);
  }

  /** Another package is open: what it was told is forgotten. @param {number} side @param {any} voxel the geometry of its grid */
  async repackage(side, voxel) {
    [this.side, this.voxel] = [side, voxel];
    this.#package += 1;
    await this.open();
  }

  /** What a motion is here. @param {number[]} drawn @returns {number[]} turn, raise and advance */
  motion(drawn) { return possible(drawn, this.survey); }

  /** Most pictures that can be shown. */
  get most() {
    return this.own?.length ?? this.survey.most;
  }

  /** Shows pictures: the scene's own cameras by number, or others. @param {(number | Camera)[]} shown */
  async show(shown) {
    const known = shown.filter((view) => typeof view !== "number" || view < this.most);
    this.state.shown = (known.length ? known : [0]).slice(0, this.most);
    await this.#shooting(undefined);
  }

  /** Puts a picture's camera elsewhere. @param {number} place @param {Camera} camera */
  async put(place, camera) {
    await this.show(this.state.shown.with(place, camera));
  }

  /** Shows one more: from there, or from the next of the scene's own cameras. @param {Camera} [camera] */
  async add(camera) {
    const { shown } = this.state;
    if (shown.length >= this.most) return;
    const free = Array.from({ length: this.most }, (_, index) => index).find((index) => !shown.includes(index));
    await this.show([...shown, camera ?? free ?? 0]);
  }

  /** @param {number} place */
  async remove(place) {
    const { shown } = this.state;
    if (shown.length > 1) await this.show(shown.toSpliced(place, 1));
  }

  /** Takes the pictures that the state names. */
  async #shoot() {
    const before = new Map(this.views.map((view) => [view.key, view]));
    const name = this.#name;
    const views = await Promise.all(this.state.shown.map((shown) => picture(this, name, shown, before)));
    if (name !== this.#name) return;
    this.views = views;
    this.dispatchEvent(new Event("views"));
    if (this.side) this.#learning(undefined).catch((error) => this.pool.events.fail(error));
  }

  /** Lets the network see the pictures anew: another painter stands in for one that was lost. */
  async relearn() {
    this.#told.clear();
    await this.#learning(undefined);
  }

  /** Lets the network see the pictures, each once. */
  async #learn() {
    const { views } = this;
    const name = this.#name;
    for (const view of views) {
      if (this.#told.has(view.key)) continue;
      const { rgba, side, camera } = view;
      const told = await this.pool.ask("contribution", { rgba, side, camera });
      if (name !== this.#name) return;
      this.#told.set(view.key, told);
    }
    const keys = new Set(views.map((view) => view.key));
    this.known = views.map((view) => /** @type {Contribution} */ (this.#told.get(view.key)));
    this.pool.setScene(`${this.#name}:${[...keys].join()}`, this.known.map(({ told }) => told));
    for (const key of this.#told.keys()) {
      if (this.#told.size > 2 * this.most && !keys.has(key)) this.#told.delete(key);
    }
    this.dispatchEvent(new Event("known"));
  }
}
