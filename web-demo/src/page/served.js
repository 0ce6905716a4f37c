// @ts-check
// A painter elsewhere: `gqn-run serve` behind the same calls as a worker with an engine. Pictures and cameras go there.
import { Connection } from "./connection.js";
import { Ended } from "./remote.js";
import { spread } from "./spread.js";

/** @typedef {import("../types").Camera} Camera @typedef {{ id: number, png: Blob, camera: Camera }} Shown */
/** @typedef {{ camera: Camera, seed: number, temperature: number }} Query */

/** Scenes that are kept open there: that of the view, and those of which contributions were taken away. */
const KEPT = 16;

let last = 0;

/** One connection; it has the interface of `Remote`. */
export class Served {
  ended = false;
  #manifest = /** @type {any} */ (undefined);
  /** Of the cameras of the pictures that are shown, if it is known. @type {number | undefined} */
  #fieldOfView;
  /** Pictures, by the number that the page gave them. @type {Map<number, Shown>} */
  #kept = new Map();
  /** What is shown now. @type {Shown[]} */
  #shown = [];
  /** Scenes that are open there, by what they show; the one that was not used for longest first. @type {Map<string, Promise<string>>} */
  #scenes = new Map();

  /** @param {string} origin @param {() => string} token what the user entered @param {() => void} back lets this tab paint again */
  constructor(origin, token, back) { this.server = new Connection(origin, token, back); }

  /** @param {string} operation @param {any} [argument] @returns {Promise<any>} */
  async call(operation, argument) {
    if (this.ended) throw new Ended();
    try {
      return await /** @type {any} */ (this.operations)[operation](argument);
    } catch (error) {
      throw this.ended ? new Ended() : error;
    }
  }

  end() {
    this.ended = this.server.ended = true;
    for (const id of this.#scenes.values()) this.server.close(id);
    this.#scenes.clear();
  }

  operations = {
    /** @param {{ fieldOfView?: number }} files of which only what is said of the cameras counts */
    open: async ({ fieldOfView }) => {
      const began = performance.now();
      const { version, engine, manifest } = await (await this.server.ask("/v2")).json();
      if (!manifest) throw this.server.error(engine === null ? "is not ready yet" : "is older than this page and tells nothing of its model", "wait a moment, or update `gqn-run`");
      [this.#manifest, this.#fieldOfView] = [manifest, fieldOfView];
      const words = `gqn-run ${version} on ${this.server.host}: ONNX Runtime ${engine?.onnxruntime ?? ""}, ${engine?.provider ?? ""}`;
      return { side: manifest.config.image_size, steps: manifest.config.steps, manifest, engine: words, card: undefined, ms: performance.now() - began };
    },
    checkFieldOfView: (/** @type {{ what: string, found: number }} */ { what, found }) => {
      const expected = this.#manifest.config.voxel?.field_of_view;
      if (expected !== undefined && Math.abs(expected - found) > 1e-3) throw new Error(`${what} has a field of view of ${found} radians, expected ${expected}\nhint: crop the pictures to it`);
      this.#fieldOfView = found;
    },
    cameraWarnings: () => [],
    contribution: async (/** @type {{ rgba: Uint8Array, side: number, camera: Camera }} */ { rgba, side, camera }) => {
      const canvas = new OffscreenCanvas(side, side);
      /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d")).putImageData(new ImageData(new Uint8ClampedArray(rgba), side, side), 0, 0);
      return { told: { id: ++last, png: await canvas.convertToBlob({ type: "image/png" }), camera }, above: undefined };
    },
    keep: (/** @type {{ number: number, contribution: Shown }} */ { number, contribution }) => { this.#kept.set(number, contribution); },
    scene: (/** @type {number[]} */ numbers) => {
      const all = numbers.map((number) => /** @type {[number, Shown]} */ ([number, this.#kept.get(number)]));
      [this.#kept, this.#shown] = [new Map(all), all.map(([, shown]) => shown)];
    },
    query: async (/** @type {Query} */ query) => {
      const began = performance.now();
      return { rgba: await this.#paint(this.#shown, query), ms: performance.now() - began };
    },
    glimpse: (/** @type {Query & { added: Shown[], removed: Shown[] }} */ { added, removed, ...query }) =>
      this.#paint(added.filter(({ id }) => !removed.some((other) => other.id === id)), query),
    uncertainty: async (/** @type {{ camera: Camera, seed: number, samples: number }} */ { camera, seed, samples }) => {
      const shown = this.#shown;
      // Asked for together, they share runs there.
      return spread(await Promise.all(Array.from({ length: samples }, (_, index) => this.#paint(shown, { camera, seed: seed + index, temperature: 1 }))));
    },
    // A server says nothing of its steps and of what is where.
    drawing: () => undefined,
    above: () => undefined,
  };

  /** @param {Shown[]} shown @param {Query} query @returns {Promise<Uint8Array>} RGBA */
  async #paint(shown, { camera: [x, y, z, yaw, pitch], seed, temperature }) {
    const query = new URLSearchParams(Object.entries({ x, y, z, yaw, pitch, seed, temperature }).map(([name, value]) => [name, String(value)]));
    let response = await this.server.ask(`/scenes/${await this.#scene(shown)}/view?${query}`, {}, [404]);
    if (response.status === 404) {
      // It made room for others there.
      this.#scenes.delete(name(shown));
      response = await this.server.ask(`/scenes/${await this.#scene(shown)}/view?${query}`);
    }
    const bitmap = await createImageBitmap(await response.blob(), { colorSpaceConversion: "none" });
    const { width, height } = bitmap;
    const context = /** @type {OffscreenCanvasRenderingContext2D} */ (new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true }));
    context.drawImage(bitmap, 0, 0);
    bitmap.close();
    return new Uint8Array(context.getImageData(0, 0, width, height).data.buffer);
  }

  /** The scene there with these pictures. @param {Shown[]} shown @returns {Promise<string>} */
  #scene(shown) {
    const key = name(shown);
    const id = this.#scenes.get(key) ?? this.#create(shown);
    id.catch(() => { this.#scenes.delete(key); });
    this.#scenes.delete(key);
    this.#scenes.set(key, id);
    const [oldest] = this.#scenes;
    if (this.#scenes.size > KEPT) {
      this.#scenes.delete(oldest[0]);
      this.server.close(oldest[1]);
    }
    return id;
  }

  /** @param {Shown[]} shown */
  async #create(shown) {
    const form = new FormData();
    const views = shown.map(({ camera: [x, y, z, yaw, pitch] }, index) => ({ picture: `${index}.png`, position: [x, y, z], yaw, pitch }));
    const angle = this.#fieldOfView === undefined ? {} : { field_of_view: this.#fieldOfView };
    form.append("views", new Blob([JSON.stringify({ format: 1, ...angle, views })]), "views.json");
    shown.forEach(({ png }, index) => form.append(`${index}.png`, png, `${index}.png`));
    const { id } = await (await this.server.ask("/scenes", { method: "POST", body: form })).json();
    return /** @type {string} */ (id);
  }
}

/** @param {Shown[]} shown */
const name = (shown) => shown.map(({ id }) => id).join();
