// @ts-check
// What the page paints is what ONNX Runtime paints of the same package, pictures, camera and noise.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { PATIENCE, difference, gqnRun, here, open, packageFolder, pixels, repaint } from "./browser.js";

/** Of 255, in a channel: rounding in two engines, and truths that were rendered on two targets. */
const TOLERANCE = 2;

/** Paints on ONNX Runtime; the PNG. @param {number[]} camera @param {number} views @param {string[]} noise @param {string} folder */
function reference([x, y, z, yaw, pitch], views, noise, folder) {
  const file = join(folder, "cameras.json");
  writeFileSync(file, JSON.stringify({ format: 1, views: [{ position: [x, y, z], yaw, pitch }] }));
  const out = join(folder, "out");
  const scene = ["--world", "rooms-ring-camera", "--seed", "7", "--context", String(views)];
  const flags = ["--cameras", file, ...noise, "--out", out, "--force"];
  execFileSync(gqnRun, ["render", packageFolder, ...scene, ...flags], { stdio: ["ignore", "pipe", "pipe"] });
  return readFileSync(join(out, "prediction_00.png")).toString("base64");
}

/** The pixels of a PNG. @param {import("playwright-core").Page} page @param {string} png @returns {Promise<number[]>} */
function decode(page, png) {
  return page.evaluate(async (png) => {
    const bytes = Uint8Array.from(atob(png), (byte) => byte.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d"));
    context.drawImage(bitmap, 0, 0);
    return [...context.getImageData(0, 0, bitmap.width, bitmap.height).data];
  }, png);
}

test(`the painted picture is ONNX Runtime's within ${TOLERANCE}/255`, () => open({}, async (page) => {
  const folder = mkdtempSync(join(tmpdir(), "gqn-web-"));
  try {
    const check = async (/** @type {number} */ views, /** @type {string[]} */ noise) => {
      await page.waitForFunction(() => location.hash.includes("at="), null, PATIENCE);
      const key = await page.locator("#prediction").getAttribute("data-key");
      const at = await here(page);
      const found = difference(await pixels(page, "#prediction"), await decode(page, reference(at, views, noise, folder)));
      assert.ok(found <= TOLERANCE, `${views} views, ${noise.join(" ")}, ${key}: a channel differs by ${found} of 255`);
      return reference(at, views, ["--noise-seed", "99", "--temperature", "1"], folder);
    };
    const other = await check(3, ["--noise-seed", "1", "--temperature", "1"]);
    assert.ok(difference(await pixels(page, "#prediction"), await decode(page, other)) > TOLERANCE, "other noise would be seen");
    await repaint(page, () => page.keyboard.press("ArrowLeft"));
    await repaint(page, () => page.click("#counts [data-count='1']"));
    await check(1, ["--noise-seed", "1", "--temperature", "1"]);
    await repaint(page, () => page.keyboard.press("m"));
    await check(1, ["--temperature", "0"]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}));
