// @ts-check
// What comes from outside is data: whatever it is, the bindings answer with an `Error` and go on.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { gqn, micro, open, refuses, shown, scene } from "./wasm.js";
import { zip } from "./zip.js";

const { Viewer, Scene } = gqn;
/** The largest whole number of JavaScript. */
const LARGEST = 2 ** 53 - 1;

test("arguments that make no sense are errors", () => {
  const viewer = open(micro);
  const home = scene.home();
  refuses(() => viewer.query(home, 1, 1), /observe|view/);
  shown(viewer, 1);
  const bad = [() => viewer.query(home.subarray(1), 1, 1), () => viewer.query(home, -1, 1), () => viewer.query(home, 0.5, 1),
    () => viewer.query(home, 1, -1), () => viewer.query(home, 1, NaN), () => viewer.query(Float32Array.of(NaN, 0, 0, 0, 0), 1, 1),
    () => viewer.query(home, LARGEST + 1, 1), () => viewer.observe(new Uint8Array(9), 16, home), () => viewer.observe(new Uint8Array(), 0, home),
    () => viewer.observe(new Uint8Array(4), 2 ** 31, home), () => viewer.setScene(new Float32Array(3)), () => viewer.forget(99),
    () => viewer.uncertainty(home, 1, 0), () => viewer.uncertainty(home, 1, 1), () => scene.render(home, 0), () => scene.render(home, 2 ** 32 - 1),
    () => scene.render(Float32Array.of(0, Infinity, 0, 0, 0), 8), () => scene.plan(0), () => new Scene("atlantis", 1n),
    () => gqn.compare(new Uint8Array(4), new Uint8Array(4), 1), () => gqn.compare(new Uint8Array(484), new Uint8Array(4), 11),
    () => gqn.parseViews(Buffer.from("{")), () => gqn.parseViews(Buffer.from('{"format":2,"views":[]}')), () => gqn.parseViews(new Uint8Array()),
    () => viewer.cameraWarnings("a", new Float32Array(4)), () => gqn.checkPhotograph(0, 5), () => gqn.checkPhotograph(2 ** 31, 2 ** 31), () => gqn.checkPhotograph(15_000, 15_000),
    () => new gqn.Photograph(2 ** 20, 2 ** 20, 32), () => new gqn.Photograph(4, 4, 0), () => new gqn.Photograph(4, 4, 2 ** 31), () => new gqn.Photograph(4, 4, 2).finish(),
    () => new gqn.Photograph(4, 4, 2).push(new Uint8Array(15)), () => new gqn.Photograph(4, 4, 2).push(new Uint8Array(80)), () => new gqn.Photograph(4, 4, 2).push(new Uint8Array())];
  for (const call of bad) refuses(call);
  // It goes on as if nothing had been asked.
  assert.equal(viewer.query(home, LARGEST, 1).length, 4 * 16 * 16);
});

test("damaged packages are errors with their cause", () => {
  const archive = zip(micro);
  for (let part = 0; part < 40; part++) {
    const length = Math.floor((archive.length * part) / 40);
    refuses(() => Viewer.fromZip(new Uint8Array(archive.subarray(0, length))), /zip/i);
  }
  for (const name of Object.keys(micro)) {
    const { [name]: _, ...fewer } = micro;
    refuses(() => open(fewer), new RegExp(name.replaceAll(".", "\\.")));
  }
  refuses(() => Viewer.fromFiles(["manifest.json"], []), /0 files/);
  const generator = micro["generator.onnx"];
  refuses(() => open({ ...micro, "generator.onnx": generator.subarray(1) }), /generator\.onnx has \d+ bytes, expected \d+/);
  const flipped = Buffer.from(generator);
  flipped[generator.length >> 1] ^= 1;
  refuses(() => open({ ...micro, "generator.onnx": flipped }), /generator\.onnx has sha256/);
  for (const [path, value] of /** @type {[string, any][]} */ ([
    ["format_version", 1], ["config.image_size", 2 ** 40], ["config.image_size", 24], ["config.steps", 255], ["config.steps", 0], ["config.hidden_channels", -1],
    ["config.latent_channels", 1e300], ["config", null], ["files", []], ["files", {}], ["pose_encoding", "quaternion"],
    ["generator.inputs", []], ["representation.outputs", [{ name: "scene", dtype: "float32", shape: [2 ** 31, 2 ** 31] }]], ["precision", "fp1"],
  ])) refuses(() => open({ ...micro, "manifest.json": changed(path, value) }));
});

/** The manifest with another value somewhere. @param {string} path @param {any} value */
function changed(path, value) {
  const manifest = JSON.parse(micro["manifest.json"].toString());
  const names = path.split(".");
  const last = /** @type {string} */ (names.pop());
  names.reduce((at, name) => at[name], manifest)[last] = value;
  return Buffer.from(JSON.stringify(manifest));
}

test("graphs with the right checksum and the wrong content never trap", () => {
  const random = numbers(12345);
  let refused = 0;
  for (const name of ["representation.onnx", "generator.onnx", "sample.safetensors"]) {
    for (let round = 0; round < 20; round++) {
      const content = Buffer.from(micro[name]);
      // What is named and sized stands before and after the weights; most of it is at the ends.
      const reach = round % 2 ? content.length : 600;
      const from = round % 4 < 2 ? 0 : content.length - reach;
      const changes = 1 + (random() % 3);
      for (let change = 0; change < changes; change++) content[from + (random() % reach)] = random() % 256;
      const cut = round % 10 === 9 ? content.subarray(0, random() % content.length) : content;
      refused += attempt(name, cut) ? 1 : 0;
    }
  }
  assert.ok(refused > 6, `${refused} of 60 were refused`);
});

/** Opens and asks a package with another file in it; whether that was refused. @param {string} name @param {Buffer} content */
function attempt(name, content) {
  const manifest = JSON.parse(micro["manifest.json"].toString());
  manifest.files[name] = { bytes: content.length, sha256: createHash("sha256").update(content).digest("hex") };
  const files = { ...micro, [name]: content, "manifest.json": Buffer.from(JSON.stringify(manifest)) };
  try {
    const viewer = open(files);
    try {
      viewer.warmUp();
      viewer.verify();
    } finally {
      viewer.free();
    }
    return false;
  } catch (error) {
    assert.ok(error instanceof Error && !(error instanceof WebAssembly.RuntimeError), `${name}: ${error}`);
    return true;
  }
}

/** Xorshift32 (Marsaglia 2003). @param {number} seed */
function numbers(seed) {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>>= 0);
  };
}
