// @ts-check
// The bindings by themselves, as any program would use them: in this process, without a page.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { dist, exported } from "./built.js";

/** @typedef {import("./built.js").Files} Files */

const app = readdirSync(dist).find((name) => name.startsWith("app-")) ?? "";

/** The bindings of an engine, and its memory. @param {"wasm" | "tract"} engine */
async function load(engine) {
  const glue = join(dist, app, engine);
  const gqn = await import(pathToFileURL(join(glue, "gqn.js")).href);
  const { memory } = await gqn.default({ module_or_path: readFileSync(join(glue, "gqn_bg.wasm")) });
  return { gqn, memory };
}
export const { gqn, memory } = await load("wasm");
export const tract = await load("tract");
const { Viewer, Scene } = gqn;

/** The smallest package. */
export const micro = exported("micro");
export const scene = new Scene("rooms-ring-camera", 7n);

/** @param {Files} files @param {(phase: string, done: number) => void} [progress] @param {any} [by] the engine's viewer */
export const open = (files, progress, by = Viewer) => by.fromFiles(Object.keys(files), Object.values(files).map((content) => new Uint8Array(content)), progress);

/** A viewer that has seen so many pictures. @param {any} viewer @param {number} views */
export function shown(viewer, views) {
  const cameras = scene.cameras(views);
  for (let view = 0; view < views; view++) {
    const camera = cameras.subarray(5 * view, 5 * view + 5);
    viewer.observe(scene.render(camera, viewer.imageSize), viewer.imageSize, camera);
  }
  return viewer;
}

/** What a call throws must be an `Error` with words, never a trap. @param {() => unknown} call @param {RegExp} [words] */
export function refuses(call, words) {
  assert.throws(call, (/** @type {any} */ error) => {
    assert.ok(error instanceof Error && !(error instanceof WebAssembly.RuntimeError), `a trap: ${error}`);
    assert.ok(error.message.length > 10, error.message);
    if (words) assert.match(error.message, words);
    return true;
  });
}
