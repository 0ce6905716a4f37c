// @ts-check
// Photographs of one's own: as the network sees them, which is as `gqn-run` and training see them.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { PATIENCE, difference, gqnRun, link, manifest, open, packageFolder, pixels, repaint } from "./browser.js";

/** @typedef {import("playwright-core").Page} Page @typedef {Record<string, Buffer>} Files */

const SIDE = manifest.config.image_size;
/** Of `gqn-run`'s sheet: around a picture. */
const GAP = 4;
/** Of 255: two JPEG decoders, after means of many pixels. */
const TOLERANCE = 3;

/** Photographs that a browser encodes: width, height and kind of each file. @param {Page} page @param {[string, number, number][]} wanted
 * @returns {Promise<Files>} */
async function photographs(page, wanted) {
  const found = await page.evaluate(async (wanted) => {
    const made = [];
    for (const [name, width, height] of wanted) {
      const canvas = new OffscreenCanvas(width, height);
      const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d"));
      // Smooth, everywhere different, and lighter at the top: what lies down is seen.
      const sky = context.createLinearGradient(0, 0, width / 3, height);
      for (const [at, colour] of /** @type {[number, string][]} */ ([[0, "#fff"], [0.4, "#38c"], [0.7, "#c63"], [1, "#120"]])) sky.addColorStop(at, colour);
      context.fillStyle = sky;
      context.fillRect(0, 0, width, height);
      context.fillStyle = "#d22";
      context.fillRect(width * 0.55, height * 0.2, width * 0.2, height * 0.25);
      const blob = await canvas.convertToBlob({ type: name.endsWith(".png") ? "image/png" : "image/jpeg", quality: 1 });
      const bytes = new Uint8Array(await blob.arrayBuffer());
      let text = "";
      for (let at = 0; at < bytes.length; at += 1 << 15) text += String.fromCharCode(...bytes.subarray(at, at + (1 << 15)));
      made.push([name, btoa(text)]);
    }
    return made;
  }, wanted);
  return Object.fromEntries(found.map(([name, text]) => [name, Buffer.from(text, "base64")]));
}

/** A JPEG file with an EXIF orientation. @param {Buffer} jpeg @param {number} orientation */
function turned(jpeg, orientation) {
  const exif = Buffer.from([...Buffer.from("Exif\0\0II*\0"), 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0, 0, 0, 0, 0]);
  const head = Buffer.from([0xff, 0xe1, 0, exif.length + 2]);
  return Buffer.concat([jpeg.subarray(0, 2), head, exif, jpeg.subarray(2)]);
}

/** A list of pictures, from cameras around the room. @param {string[]} names @param {object} [change] of every camera */
function list(names, change = {}) {
  const views = names.map((picture, index) => {
    const angle = 0.4 + index;
    return { picture, position: [0.85 * Math.cos(angle), 0.85 * Math.sin(angle), 0.42], yaw: angle - Math.PI, pitch: -0.26, ...change };
  });
  return Buffer.from(JSON.stringify({ format: 1, views }));
}

/** @param {Page} page @param {Files} files */
async function choose(page, files) {
  await page.setInputFiles("#open-files", Object.entries(files).map(([name, buffer]) => ({ name, buffer, mimeType: "application/octet-stream" })));
}

/** What `gqn-run` shows to the network. @param {Page} page @param {Files} files @param {number} count @returns {Promise<number[][]>} */
async function reference(page, files, count) {
  const folder = mkdtempSync(join(tmpdir(), "gqn-web-"));
  try {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
    const out = join(folder, "out");
    execFileSync(gqnRun, ["render", packageFolder, "--views", folder, "--resize", "--cameras", join(folder, "views.json"), "--scale", "1", "--out", out], { stdio: "pipe" });
    const png = readFileSync(join(out, "context.png")).toString("base64");
    return await page.evaluate(async ([png, side, gap, count]) => {
      const bytes = Uint8Array.from(atob(String(png)), (byte) => byte.charCodeAt(0));
      const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }), { colorSpaceConversion: "none" });
      const context = /** @type {OffscreenCanvasRenderingContext2D} */ (new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d"));
      context.drawImage(bitmap, 0, 0);
      const at = (/** @type {number} */ index) => Number(gap) + index * (Number(side) + Number(gap));
      return Array.from({ length: Number(count) }, (_, index) => [...context.getImageData(at(index), Number(gap), Number(side), Number(side)).data]);
    }, [png, SIDE, GAP, count]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What the page shows to it: its thumbnails, as pixels. @param {Page} page @returns {Promise<number[][]>} */
const shown = (page) => page.evaluate(() => [...document.querySelectorAll("#strip canvas")].map((node) => {
  const canvas = /** @type {HTMLCanvasElement} */ (node);
  return [.../** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")).getImageData(0, 0, canvas.width, canvas.height).data];
}));

test("a photograph is the input that gqn-run makes of it, wide, high or lying down", () => open({}, async (page) => {
  const plain = await photographs(page, [["square.png", 200, 200], ["wide.png", 301, 200], ["high.jpg", 240, 331], ["lying.jpg", 400, 300]]);
  const pictures = { ...plain, "lying.jpg": turned(plain["lying.jpg"], 6) };
  const files = { ...pictures, "views.json": list(Object.keys(pictures)) };
  await repaint(page, () => choose(page, files));
  assert.match(await page.locator("#notice").innerText({ timeout: 1000 }).catch(() => ""), /4 pictures of yours, cut to squares|^$/);
  const [page4, run4] = [await shown(page), await reference(page, files, 4)];
  Object.keys(pictures).forEach((name, index) => {
    const found = difference(page4[index], run4[index]);
    assert.ok(found <= (name.endsWith(".png") ? 0 : TOLERANCE), `${name}: a channel differs by ${found} of 255`);
  });
  const upright = await photographs(page, [["lying.jpg", 400, 300]]);
  const other = await reference(page, { "views.json": list(["lying.jpg"]), ...upright }, 1);
  assert.ok(difference(page4[3], other[0]) > 40, "lying down would be seen");
}));

test("large photographs take little memory", () => open({}, async (page) => {
  const names = Array.from({ length: 6 }, (_, index) => `${index}.jpg`);
  const files = await photographs(page, names.map((name) => [name, 2048, 2048]));
  await repaint(page, () => choose(page, { "views.json": list(names), ...files }));
  await page.click("#pixels");
  const sizes = await page.evaluate(() => [...document.querySelectorAll("canvas")].map((canvas) => [canvas.closest("#strip") ? "strip" : canvas.id, canvas.width * canvas.height]));
  const strip = sizes.filter(([id]) => id === "strip");
  assert.equal(strip.length, 6);
  assert.ok(strip.every(([, pixels]) => Number(pixels) <= 128 * 128), JSON.stringify(strip));
  assert.ok(sizes.every(([, pixels]) => Number(pixels) <= 1024 * 1024), JSON.stringify(sizes));
  await repaint(page, () => page.locator("#strip .away").first().click({ force: true }));
  assert.equal(await page.locator("#strip canvas").count(), 5);
  // Another model sees them in its own size.
  await page.selectOption("#model", "micro");
  await page.waitForFunction(() => location.hash.includes("model=micro"), null, PATIENCE);
  await page.locator("#figures", { hasText: "16×16, 2 DRAW steps" }).waitFor(PATIENCE);
  await page.click("#pixels");
  await page.waitForFunction(() => /** @type {HTMLCanvasElement} */ (document.querySelector("#strip canvas")).width === 16, null, PATIENCE);
  assert.equal(await page.locator("#messages .message").count(), 0);
}));

test("what is no whole photograph, or too many of them, changes nothing", () => open({}, async (page) => {
  const files = await photographs(page, [["a.jpg", 300, 300], ["b.png", 300, 300]]);
  const before = await pixels(page, "#prediction");
  const refused = async (/** @type {Files} */ given, /** @type {RegExp} */ words) => {
    await choose(page, given);
    const message = page.locator("#messages .message");
    await message.first().waitFor(PATIENCE);
    assert.match(await message.first().innerText(), words);
    await message.first().getByRole("button", { name: "Put this message away" }).click();
    await message.first().waitFor({ state: "detached", ...PATIENCE });
  };
  for (const name of ["a.jpg", "b.png"]) {
    const cut = { ...files, [name]: files[name].subarray(0, (2 * files[name].length) / 3) };
    await refused({ "views.json": list(["a.jpg", "b.png"]), ...cut }, new RegExp(`${name} is no picture that can be read: it is cut short`));
  }
  const claims = Buffer.from(files["b.png"]);
  claims.writeUInt32BE(100_000, 16);
  claims.writeUInt32BE(100_000, 20);
  await refused({ "views.json": list(["b.png"]), "b.png": claims }, /b\.png is 100000x100000 pixels, expected at most/);
  await refused({ "views.json": list(Array(65).fill("a.jpg")), ...files }, /names 65 pictures, expected at most 64/);
  assert.match(await page.locator("#headline").innerText(), /this room/);
  assert.deepEqual(await pixels(page, "#prediction"), before);
}));

test("cameras in degrees or far away are taken with a warning, and stand on the map's edge", () => open({}, async (page) => {
  const files = await photographs(page, [["a.png", 64, 64]]);
  const warned = (/** @type {RegExp} */ words) => page.locator("#messages .warning", { hasText: words }).first().waitFor(PATIENCE);
  await choose(page, { "views.json": list(["a.png"], { yaw: 180, pitch: -15 }), ...files });
  await warned(/pitch is -15.*radians, not in degrees/);
  await warned(/yaw is 180/);
  await choose(page, { "views.json": list(["a.png"], { position: [7, 0, 0.4] }), ...files });
  await warned(/from where nothing of the model.s world is seen/);
  const [map, marker] = [await page.locator("#map").boundingBox(), await page.locator("#map .context .handle").first().boundingBox()];
  const middle = marker && marker.x + marker.width / 2;
  assert.ok(map && middle && middle < map.x + map.width - 5 && middle > map.x, JSON.stringify([map, marker]));
  assert.match(await page.locator("#map .context").first().getAttribute("aria-label") ?? "", /beyond the map/);
  // And what the model makes of pictures of anything else is said.
  assert.match(await page.locator("#stranger").innerText(), /knows only “Rooms, seen from a ring”/);
}));

test("no link pretends to hold what stays in the tab", () => open({ options: { permissions: ["clipboard-read", "clipboard-write"] } }, async (page, url) => {
  const files = await photographs(page, [["a.png", 64, 64], ["b.png", 64, 64]]);
  const before = await link(page);
  await repaint(page, () => choose(page, { "views.json": list(["a.png", "b.png"]), ...files }));
  await page.evaluate(() => navigator.clipboard.writeText("mine"));
  await page.click("#share");
  await page.locator("#notice", { hasText: /cannot carry your pictures/ }).waitFor(PATIENCE);
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), "mine", "nothing was copied");
  for (const name of ["shown", "seed", "at"]) assert.equal((await link(page)).get(name), before.get(name), name);
  // A link pasted into the page opens what it says.
  await repaint(page, () => page.evaluate(() => { location.hash = "#world=rooms-ring-camera&seed=9&shown=0.1&pixels=1"; }));
  await page.locator("#headline", { hasText: /two pictures of this room/ }).waitFor(PATIENCE);
  assert.ok(await page.locator("#own-back").isHidden() && await page.locator("#truth-figure").isVisible());
  assert.match(url, /^http/);
}));
