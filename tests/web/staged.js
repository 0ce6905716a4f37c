// @ts-check
// The page on the fake bindings, without a build: `node tests/web/staged.js DIR` makes a folder to serve.
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
/** The folder of the whole project. */
const root = fileURLToPath(new URL("../..", import.meta.url));

const VOXEL = { image_size: 32, representation: "voxel", voxel: { cells: [24, 24, 6], low: [-1, -1, 0], high: [1, 1, 0.6], near: 0.1, far: 2.6, field_of_view: 0.872665 } };
const TOWER = { image_size: 32, representation: "tower" };
/** Weights of the generation phase, and a model of other cameras than the worlds'. */
const EARLY = { elbo_phase: 0 };
const WIDE = { ...VOXEL, voxel: { ...VOXEL.voxel, field_of_view: 1.2 } };

/** Puts a page into a folder that offers a voxel model and one of the paper's; for tests also ones that the page treats in a way of
 * their own. @param {string} folder @param {boolean} [odd] */
export function stage(folder, odd = false) {
  const page = join(root, "web-demo");
  for (const file of ["index.html", "service-worker.js"]) cpSync(join(page, file), join(folder, file));
  for (const part of ["icon.svg", "app.webmanifest", "src", "style", "media", "example"]) cpSync(join(page, part), join(folder, "app", part), { recursive: true });
  cpSync(join(root, "tests/web/fake"), join(folder, "app/wasm"), { recursive: true });
  /** @type {[string, any, object?][]} */
  const offered = [["grid", VOXEL], ["tower", TOWER]];
  if (odd) offered.push(["early", VOXEL, EARLY], ["wide", WIDE], ["endless", { ...VOXEL, hangs: "open" }], ["mute", { ...VOXEL, hangs: "query" }]);
  const models = offered.map(([name, config, metrics]) => {
    mkdirSync(join(folder, "models", name), { recursive: true });
    writeFileSync(join(folder, "models", name, "manifest.json"), JSON.stringify({ config, metrics, files: {} }));
    return { name, world: "rooms-ring-camera", image_size: 32, representation: config.representation, bytes: 1234567, step: 4000 };
  });
  writeFileSync(join(folder, "models.json"), JSON.stringify({ wasm_bytes: 8, models }));
  return folder;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) stage(process.argv[2]);
