// @ts-check
// The operations of a painter: a package, a scene, pictures of it.

/** The bindings of the engine that this painter has. @type {typeof import("../../wasm/gqn.js").Viewer} */
let Viewer;

/** @param {typeof Viewer} bindings */
export function use(bindings) {
  Viewer = bindings;
}

/** @type {import("../../wasm/gqn.js").Viewer | undefined} */
let viewer;

/** What the scene was last made of. @type {Float32Array[]} */
let told = [];

/** What pictures tell, by the number that the page gave it. @type {Map<number, Float32Array>} */
const kept = new Map();

/** @param {Blob} blob */
const bytes = async (blob) => new Uint8Array(await blob.arrayBuffer());

/** Opens a package; the one before stays if this one is refused.
 * @param {import("../types").PackageFiles} files @param {(progress: object) => void} report */
export async function open({ names, files, zip, rendered, fieldOfView }, report) {
  const progress = (/** @type {string} */ phase, /** @type {number} */ fraction) => report({ phase, fraction });
  const began = performance.now();
  const contents = await Promise.all(files.map(bytes));
  const next = zip ? Viewer.fromZip(await bytes(zip), progress) : Viewer.fromFiles(names, contents, progress);
  try {
    if (rendered) next.checkRenderedScenes();
    else if (fieldOfView !== undefined) next.checkFieldOfView("your pictures", fieldOfView);
    next.warmUp();
  } catch (error) {
    next.free();
    throw error;
  }
  viewer?.free();
  viewer = next;
  told = [];
  const manifest = JSON.parse(next.manifest());
  const ms = performance.now() - began;
  return { side: next.imageSize, steps: next.steps, manifest, engine: next.describe(), card: next.card(), ms };
}

/** Refuses pictures of cameras with another field of view than the model's. @param {{ what: string, found: number }} pictures */
export function checkFieldOfView({ what, found }) {
  opened().checkFieldOfView(what, found);
}

/** What is odd about the cameras of one's own pictures, in words. @param {{ what: string, cameras: Float32Array[] }} given @returns {string[]} */
export function cameraWarnings({ what, cameras }) {
  return opened().cameraWarnings(what, Float32Array.from(cameras.flatMap((camera) => [...camera])));
}

/** What one picture tells of the scene.
 * @param {{ rgba: Uint8Array, side: number, camera: Float32Array }} view @returns {import("../types").Contribution} */
export function contribution({ rgba, side, camera }) {
  const painter = opened();
  painter.clear();
  try {
    painter.observe(rgba, side, camera);
    return { told: painter.scene(), above: taken(painter.occupancy()) };
  } finally {
    painter.clear();
    sum(told);
  }
}

/** What several pictures tell together of what is where. @param {Float32Array[]} densities of each of them */
export function above(densities) {
  const sum = opened().emptyOccupancy();
  for (const density of densities) sum?.add(density);
  return taken(sum);
}

/** @param {import("../../wasm/gqn.js").Occupancy | undefined} map */
function taken(map) {
  if (!map) return undefined;
  const { columns, rows, corners, density, rgba, filled } = map;
  map.free();
  return { columns, rows, corners, density, rgba, filled };
}

/** Keeps what one picture tells, until a scene is opened without it. @param {{ number: number, contribution: Float32Array }} one */
export function keep({ number, contribution }) {
  kept.set(number, contribution);
}

/** Makes the scene the sum of what its pictures tell. @param {number[]} numbers of contributions that are kept */
export function scene(numbers) {
  const wanted = new Set(numbers);
  for (const number of kept.keys()) if (!wanted.has(number)) kept.delete(number);
  sum(numbers.map((number) => /** @type {Float32Array} */ (kept.get(number))));
}

/** @param {Float32Array[]} contributions */
function sum(contributions) {
  told = contributions;
  const [first, ...others] = told;
  if (first) opened().setScene(first);
  for (const other of others) opened().addScene(other, 1);
}

/** What is painted of contributions that are added, and some that are subtracted again; the scene stays as it was.
 * @param {{ added: Float32Array[], removed: Float32Array[], camera: Float32Array, seed: number, temperature: number }} what */
export function glimpse({ added, removed, camera, seed, temperature }) {
  const before = told;
  try {
    sum(added);
    for (const other of removed) opened().addScene(other, -1);
    return opened().query(camera, seed, temperature);
  } finally {
    sum(before);
  }
}

/** @param {{ camera: Float32Array, seed: number, temperature: number }} query */
export function query({ camera, seed, temperature }) {
  const began = performance.now();
  const rgba = opened().query(camera, seed, temperature);
  return { rgba, ms: performance.now() - began };
}

/** All steps of the picture, one after another. @param {{ camera: Float32Array, seed: number, temperature: number }} query */
export function drawing({ camera, seed, temperature }) {
  return opened().drawing(camera, seed, temperature);
}

/** @param {{ camera: Float32Array, seed: number, samples: number }} query */
export function uncertainty({ camera, seed, samples }) {
  const found = opened().uncertainty(camera, seed, samples);
  const { rgba, mean } = found;
  found.free();
  return { rgba, mean };
}

function opened() {
  if (!viewer) throw new Error("no package is open");
  return viewer;
}
