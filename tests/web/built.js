// @ts-check
// What was built, and how pictures are compared.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
export const dist = resolve(process.env.GQN_DIST ?? join(root, "web-demo/dist"));
export const gqnRun = resolve(process.env.GQN_RUN ?? join(root, "target/release/gqn-run"));
/** What the page offers, the package that it opens first. */
export const models = JSON.parse(readFileSync(join(dist, "models.json"), "utf8")).models;
export const model = models[0];
export const packageFolder = join(dist, "models", model.name);
export const manifest = JSON.parse(readFileSync(join(packageFolder, "manifest.json"), "utf8"));

/** @typedef {Record<string, Buffer>} Files */

/** A package's files as they were exported. @param {string} name @returns {Files} */
export function exported(name) {
  const folder = join(dist, "models", name);
  const { files } = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8"));
  return Object.fromEntries(["manifest.json", ...Object.keys(files)].map((file) => [file, readFileSync(join(folder, file))]));
}

/** The largest difference of two pictures in a channel. @param {ArrayLike<number>} a @param {ArrayLike<number>} b */
export function difference(a, b) {
  assert.equal(a.length, b.length, "pictures of one size");
  let most = 0;
  for (let at = 0; at < a.length; at++) most = Math.max(most, Math.abs(a[at] - b[at]));
  return most;
}
