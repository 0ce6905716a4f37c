// @ts-check
// What ONNX Runtime paints of a package, by `gqn-run`.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gqnRun, packageFolder } from "./built.js";

/** Paints on ONNX Runtime; the PNG. @param {number[]} camera @param {number} views @param {string[]} noise @param {string} folder
 * @param {string} [of] the package */
export function reference([x, y, z, yaw, pitch], views, noise, folder, of = packageFolder) {
  const file = join(folder, "cameras.json");
  writeFileSync(file, JSON.stringify({ format: 1, views: [{ position: [x, y, z], yaw, pitch }] }));
  const out = join(folder, "out");
  const scene = ["--world", "rooms-ring-camera", "--seed", "7", "--context", String(views)];
  const flags = ["--cameras", file, ...noise, "--out", out, "--force"];
  execFileSync(gqnRun, ["render", of, ...scene, ...flags], { stdio: ["ignore", "pipe", "pipe"] });
  return readFileSync(join(out, "prediction_00.png")).toString("base64");
}

/** The pixels of a PNG. @param {import("playwright-core").Page} page @param {string} png @returns {Promise<number[]>} */
export function decode(page, png) {
  return page.evaluate(async (png) => {
    const bytes = Uint8Array.from(atob(png), (byte) => byte.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d"));
    context.drawImage(bitmap, 0, 0);
    return [...context.getImageData(0, 0, bitmap.width, bitmap.height).data];
  }, png);
}
