// @ts-check
// A package that PyTorch's own exporter made and `gqn-export adopt` took in: the built-in engine does not know its operators, so
// the page runs it on tract.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { PATIENCE, SCENE, difference, here, open, pixels, rest } from "./browser.js";
import { root } from "./built.js";
import { decode, reference } from "./reference.js";
import { gqn, refuses, tract } from "./wasm.js";

const FOREIGN = resolve(process.env.GQN_FOREIGN ?? join(root, "target/page/foreign"));
/** Of 255, in a channel: rounding in two engines. */
const TOLERANCE = 2;
/** The package's pictures are ONNX Runtime's. */
const AGREEMENT = 1e-4;

/** Its files. */
function files() {
  const manifest = readFileSync(join(FOREIGN, "manifest.json"));
  const names = ["manifest.json", ...Object.keys(JSON.parse(manifest.toString()).files)];
  return names.map((name) => ({ name, mimeType: "application/octet-stream", buffer: readFileSync(join(FOREIGN, name)) }));
}

test("the built-in engine names the operator that it does not know, and tract paints as ONNX Runtime", () => {
  const [names, contents] = [files().map(({ name }) => name), files().map(({ buffer }) => new Uint8Array(buffer))];
  refuses(() => gqn.Viewer.fromFiles(names, contents).warmUp(), /no such operator is known/);
  assert.ok(tract.gqn.Viewer.fromFiles(names, contents).verify() <= AGREEMENT);
});

test(`a package from PyTorch opens on tract, with words, and paints within ${TOLERANCE}/255 of ONNX Runtime`, () => open({ hash: `${SCENE}&mean=1` }, async (page) => {
  const before = await page.locator("#prediction").getAttribute("data-key");
  await page.setInputFiles("#open-files", files());
  await page.locator("#notice", { hasText: /tract runs it \(\d+\.\d MB\)/ }).waitFor(PATIENCE);
  await page.locator("#n-engine", { hasText: /^tract/ }).waitFor(PATIENCE);
  await rest(page, before ?? undefined);
  assert.equal(await page.locator("#messages .message").count(), 0);
  const folder = mkdtempSync(join(tmpdir(), "gqn-web-"));
  try {
    const at = await here(page);
    assert.ok(difference(await pixels(page, "#prediction"), await decode(page, reference(at, 3, ["--temperature", "0"], folder, FOREIGN))) <= TOLERANCE);
  } finally {
    rmSync(folder, { recursive: true });
  }
  // The next package runs on the built-in engine again.
  await page.selectOption("#model", "demo");
  await page.locator("#n-engine", { hasText: /built-in engine/ }).waitFor(PATIENCE);
}));
