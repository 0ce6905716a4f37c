// @ts-check
// What the bindings do, and that three engines agree.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { difference, dist, exported, gqnRun } from "./built.js";
import { gqn, memory as heap, micro, open, refuses, shown, tract, scene } from "./wasm.js";
import { zip } from "./zip.js";

const { Viewer, Scene } = gqn;
/** The issue's: libtorch, ONNX Runtime and this engine in wasm on the same package, in values of 0 to 1. */
const AGREEMENT = 1e-4;
const QUERIES = 10_000;

test(`libtorch, ONNX Runtime and both engines in wasm agree within ${AGREEMENT}`, () => {
  for (const model of ["demo", "micro"]) {
    // The sample's outputs are libtorch's. Each engine's largest distance from them: the two engines are no farther from
    // each other than both together.
    const wasm = Math.max(...[Viewer, tract.gqn.Viewer].map((by) => open(exported(model), undefined, by).verify()));
    const report = JSON.parse(execFileSync(gqnRun, ["verify", join(dist, "models", model), "--json"], { encoding: "utf8" }));
    const ort = Math.max(...report.sample.checks.map((/** @type {{ difference: number }} */ check) => check.difference));
    assert.ok(wasm <= AGREEMENT && ort <= AGREEMENT && wasm + ort <= AGREEMENT, `${model}: wasm ${wasm}, ONNX Runtime ${ort}`);
  }
});

test("a package opens from a zip as from its files, and tells how far it is", () => {
  /** @type {string[]} */
  const phases = [];
  const viewer = open(micro, (phase, done) => phases.push(`${phase} ${done}`));
  assert.deepEqual(phases, ["unpack 0", "unpack 1", "read 0", "read 1"]);
  assert.deepEqual([viewer.imageSize, viewer.steps, JSON.parse(viewer.manifest()).step], [16, 2, 6]);
  assert.match(viewer.describe(), /built-in engine .*simd128/);
  const home = scene.home();
  const painted = shown(viewer, 2).query(home, 3, 1);
  const other = shown(Viewer.fromZip(new Uint8Array(zip(micro))), 2).query(home, 3, 1);
  assert.equal(difference(painted, other), 0);
});

test("views come and go, sums stand for views, many cameras are one by one", () => {
  const viewer = shown(open(micro), 3);
  const home = scene.home();
  const [first, , third] = viewer.views();
  const all = viewer.queryPlanar(home, 1, 1);
  const sum = viewer.scene();
  viewer.forget(third);
  assert.ok(viewer.queryPlanar(home, 1, 1).some((/** @type {number} */ value, /** @type {number} */ at) => value !== all[at]), "a view less is another picture");
  viewer.setScene(sum);
  assert.deepEqual(viewer.queryPlanar(home, 1, 1), all);
  refuses(() => viewer.forget(first), /view 0/);
  const cameras = scene.orbit(3);
  const together = viewer.query(cameras, 1, 1);
  const size = together.length / 3;
  for (let at = 0; at < 3; at++) {
    const alone = viewer.query(cameras.subarray(5 * at, 5 * at + 5), 1, 1);
    assert.ok(difference(alone, together.subarray(at * size, (at + 1) * size)) <= 1);
  }
  assert.notDeepEqual(viewer.query(home, 2, 1), viewer.query(home, 1, 1));
  assert.deepEqual(viewer.query(home, 2, 0), viewer.query(home, 1, 0), "without noise the seed is nothing");
  const steps = viewer.drawing(home, 1, 1);
  assert.equal(steps.length, 2 * size);
  assert.ok(difference(steps.subarray(size), viewer.query(home, 1, 1)) <= 1);
  const { mean, rgba } = viewer.uncertainty(home, 1, 4);
  assert.ok(mean > 0 && rgba.length === size);
});

test("photographs come row by row, and lists of cameras however they are saved", () => {
  const photograph = new gqn.Photograph(6, 4, 2);
  assert.deepEqual([photograph.left, photograph.top, photograph.side], [1, 0, 4]);
  const row = (/** @type {number} */ red) => Uint8Array.from([0, 0, 2, 2].flatMap((step) => [red + step, 7, 9, 255]));
  for (const red of [10, 20, 30, 40]) photograph.push(row(red));
  assert.deepEqual([...photograph.finish()], [[15, 7, 9, 255], [17, 7, 9, 255], [35, 7, 9, 255], [37, 7, 9, 255]].flat());
  refuses(() => photograph.finish(), /taken already/);
  const png = Buffer.from("89504e470d0a1a0a0000000d494844520000012c00000014", "hex");
  assert.deepEqual([[...gqn.sizeInHeader(png)], [...gqn.sizeInHeader(png.subarray(1))], gqn.isWhole(png)], [[300, 20], [], false]);
  const camera = { position: [0.85, 0, 0.42], yaw: 3.14, pitch: -0.26 };
  const json = JSON.stringify({ format: 1, views: [{ picture: "a.png", ...camera }, { picture: "b.png", ...camera, pitch: -15 }] });
  for (const bytes of [Buffer.from(json), Buffer.from(`\ufeff${json}`), Buffer.from(`\ufeff${json}`, "utf16le")]) {
    const views = gqn.parseViews(new Uint8Array(bytes));
    assert.deepEqual(views.files, ["a.png", "b.png"]);
    const warnings = open(micro).cameraWarnings("views.json", views.cameras);
    assert.ok(warnings.length === 1 && /view 1 in views\.json the pitch is -15.*radians/.test(warnings[0]), warnings.join());
  }
});

test("a scene is its seed, and its plan is its own", () => {
  for (const name of Scene.worlds()) {
    const [one, again, other] = [1n, 1n, 2n].map((seed) => new Scene(name, seed));
    const camera = one.camera ?? one.home();
    assert.deepEqual(one.render(camera, 16), again.render(camera, 16));
    assert.notDeepEqual(one.render(camera, 16), other.render(camera, 16));
    assert.equal(one.plan(24).length, 4 * 24 * 24);
    assert.notDeepEqual(one.plan(24), other.plan(24));
    assert.equal(one.cameras(one.maxContext()).length, 5 * one.maxContext());
  }
});

for (const [engine, by, memory] of [["built-in", Viewer, heap], ["tract", tract.gqn.Viewer, tract.memory]]) test(`memory does not grow over ${QUERIES} queries (${engine})`, () => {
  const viewer = shown(open(micro, undefined, by), 2);
  const cameras = scene.orbit(100);
  const ask = (/** @type {number} */ count) => {
    for (let query = 0; query < count; query++) {
      const at = 5 * (query % 100);
      viewer.query(cameras.subarray(at, at + 5), query, 1);
    }
  };
  ask(200);
  const before = memory.buffer.byteLength;
  ask(QUERIES);
  const grown = memory.buffer.byteLength - before;
  assert.ok(grown === 0, `${grown} bytes more`);
});

test("opening and leaving packages gives their memory back", () => {
  const again = () => open(exported("demo")).free();
  for (let times = 0; times < 3; times++) again();
  const before = heap.buffer.byteLength;
  for (let times = 0; times < 8; times++) again();
  assert.equal(heap.buffer.byteLength, before);
});

test("a voxel model's scene is seen from above, view by view and summed; the paper's networks have no such map", () => {
  const viewer = shown(open(exported("demo")), 3);
  const { cells, field_of_view: angle } = JSON.parse(viewer.manifest()).config.voxel;
  const [whole, sum] = [viewer.occupancy(), viewer.emptyOccupancy()];
  assert.deepEqual([whole.columns, whole.rows, whole.rgba.length], [cells[0], cells[1], 4 * cells[0] * cells[1]]);
  assert.ok(whole.density.some((/** @type {number} */ value) => value > 0) && sum.filled === 0);
  const alone = open(exported("demo"));
  for (let at = 0; at < 15; at += 5) {
    const camera = scene.cameras(3).subarray(at, at + 5);
    alone.clear();
    alone.observe(scene.render(camera, alone.imageSize), alone.imageSize, camera);
    sum.add(alone.occupancy().density);
  }
  whole.density.forEach((/** @type {number} */ value, /** @type {number} */ cell) => assert.ok(Math.abs(value - sum.density[cell]) < 1e-4));
  refuses(() => sum.add(new Float32Array(3)), /expected/);
  // North is up on the map too: the first corner is left of the second and above it.
  const [[left, upper], [right, lower]] = [0, 5].map((at) => scene.toMap(whole.corners.subarray(at, at + 5)));
  assert.ok(left < right && upper < lower);
  viewer.checkFieldOfView("views.json", angle);
  refuses(() => viewer.checkFieldOfView("views.json", 1.2), /views\.json.*field of view[^]*crop/);
  const paper = shown(open(micro), 2);
  assert.deepEqual([paper.occupancy(), paper.emptyOccupancy()], [undefined, undefined]);
  paper.checkFieldOfView("views.json", 1.2);
});
