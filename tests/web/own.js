// @ts-check
// Packages and pictures of one's own, good and bad.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { test } from "node:test";
import { PATIENCE, difference, exported, link, model, open, packageFolder, pixels, repaint } from "./browser.js";
import { zip } from "./zip.js";

/** @typedef {import("playwright-core").Page} Page @typedef {Record<string, Buffer>} Files */

/** @param {Page} page @param {Files} files */
async function choose(page, files) {
  const list = Object.entries(files).map(([name, buffer]) => ({ name, buffer, mimeType: "application/octet-stream" }));
  await page.setInputFiles("#open-files", list);
}

/** Drops files onto the page. @param {Page} page @param {Files} files */
async function drop(page, files) {
  const list = Object.entries(files).map(([name, content]) => [name, content.toString("base64")]);
  await page.evaluate((list) => {
    const dropped = new DataTransfer();
    for (const [name, content] of list) {
      dropped.items.add(new File([Uint8Array.from(atob(content), (byte) => byte.charCodeAt(0))], name));
    }
    for (const type of ["dragover", "drop"]) {
      document.dispatchEvent(new DragEvent(type, { dataTransfer: dropped, bubbles: true, cancelable: true }));
    }
  }, list);
}

/** Waits for a message with all of these, and puts it away. @param {Page} page @param {RegExp[]} parts */
async function refused(page, ...parts) {
  const message = page.locator("#messages .message");
  await message.first().waitFor(PATIENCE);
  const text = await message.first().innerText();
  for (const part of parts) assert.match(text, part);
  await message.first().getByRole("button", { name: "Put this message away" }).click();
  await message.first().waitFor({ state: "detached", ...PATIENCE });
}

test("a bad package is explained, and the page works on", () => open({}, async (page) => {
  const before = await pixels(page, "#prediction");
  const files = exported(model.name);
  await drop(page, { "mine.zip": Buffer.from("this is no zip") });
  await refused(page, /zip/i);
  const { "generator.onnx": generator, ...without } = files;
  await choose(page, without);
  await refused(page, /generator\.onnx/);
  const changed = Buffer.from(generator);
  changed[changed.length >> 1] ^= 1;
  await choose(page, { ...without, "generator.onnx": changed });
  await refused(page, /generator\.onnx/, /sha|checksum|changed/i);
  await choose(page, { ...files, "manifest.json": Buffer.from('{ "format_version": 99 }') });
  await refused(page, /99/, /expected 5/);
  await drop(page, { "holiday.txt": Buffer.from("sun") });
  await refused(page, /holiday\.txt/, /views\.json/);
  await repaint(page, () => page.keyboard.press("ArrowLeft"));
  assert.ok(difference(before, await pixels(page, "#prediction")) > 0);
}));

test("a package of one's own paints: its files, or one zip", () => open({}, async (page) => {
  const before = await pixels(page, "#prediction");
  await repaint(page, () => drop(page, { "mine.zip": zip(exported(model.name)) }));
  assert.equal(await page.locator("#messages .message").count(), 0);
  assert.match(await page.locator("#offline").innerText(), /mine\.zip/);
  assert.equal(difference(before, await pixels(page, "#prediction")), 0, "it is the same package");
  await repaint(page, () => choose(page, exported(model.name)));
  assert.equal(difference(before, await pixels(page, "#prediction")), 0);
}));

test("of a folder that is opened only the package is read, and no zip that is no package", () => open({}, async (page) => {
  const files = exported("micro");
  await page.evaluate(async (list) => {
    const dropped = new DataTransfer();
    // A gigabyte that takes none: the same megabyte again and again.
    const large = Array(1100).fill(new Blob([new Uint8Array(1 << 20)]));
    for (const [name, content] of list) dropped.items.add(new File([Uint8Array.from(atob(content), (byte) => byte.charCodeAt(0))], name));
    dropped.items.add(new File(large, "film.mov"));
    document.dispatchEvent(new DragEvent("drop", { dataTransfer: dropped, bubbles: true, cancelable: true }));
    const zip = new DataTransfer();
    zip.items.add(new File(large, "film.zip"));
    Object.assign(window, { zip });
  }, Object.entries(files).map(([name, content]) => [name, content.toString("base64")]));
  await page.locator("#figures", { hasText: "16×16, 2 DRAW steps" }).waitFor(PATIENCE);
  assert.equal(await page.locator("#messages .message").count(), 0);
  await page.evaluate(() => document.dispatchEvent(new DragEvent("drop", { dataTransfer: /** @type {any} */ (window).zip, bubbles: true, cancelable: true })));
  await refused(page, /film\.zip has 1153433600 bytes, expected at most 1073741824/);
}));

test("pictures, and zips of pictures, that are larger than any are not read", () => open({}, async (page) => {
  for (const [name, ends] of [["views.json", ""], ["scene.zip", "views.json"]]) {
    await page.evaluate(([name, ends]) => {
      const dropped = new DataTransfer();
      const large = Array(257).fill(new Blob([new Uint8Array(1 << 20)]));
      const view = { picture: "film.png", position: [0.8, 0, 0.4], yaw: 3, pitch: -0.3 };
      if (ends) large.push(new Blob([ends]));
      else dropped.items.add(new File([JSON.stringify({ format: 1, views: [view] })], name));
      dropped.items.add(new File(large, ends ? name : "film.png"));
      document.dispatchEvent(new DragEvent("drop", { dataTransfer: dropped, bubbles: true, cancelable: true }));
    }, [name, ends]);
    await refused(page, ends ? /scene\.zip has 269484042 bytes, expected at most 268435456/ : /film\.png has 269484032 bytes, expected at most 268435456/);
  }
}));

test("the menu names a package of one's own, and goes back to the others", () => open({}, async (page) => {
  await repaint(page, () => choose(page, { "mine.zip": zip(exported("micro")) }));
  const menu = page.locator("#model");
  assert.equal(await menu.evaluate((node) => /** @type {HTMLSelectElement} */ (node).selectedOptions[0].text), "mine.zip (yours)");
  assert.equal((await link(page)).get("model"), null, "no link opens it");
  await page.click("#share");
  await page.locator("#notice", { hasText: /cannot carry your model/ }).waitFor(PATIENCE);
  await page.keyboard.press("m");
  assert.match(await menu.evaluate((node) => /** @type {HTMLSelectElement} */ (node).selectedOptions[0].text), /mine\.zip/, "it is still the one that is open");
  await repaint(page, () => page.selectOption("#model", model.name));
  assert.equal(await menu.locator("option", { hasText: "yours" }).count(), 0);
  assert.equal((await link(page)).get("model"), model.name);
  assert.doesNotMatch(await page.locator("#offline").innerText(), /mine\.zip/);
}));

/** Two of the shown pictures as files, and their cameras. @param {Page} page @returns {Promise<Files>} */
async function pictures(page) {
  const urls = await page.evaluate(() => [...document.querySelectorAll("#strip canvas")].slice(0, 2).map((canvas) => /** @type {HTMLCanvasElement} */ (canvas).toDataURL()));
  const [first, second] = urls.map((url) => Buffer.from(url.split(",")[1], "base64"));
  const view = { position: [0.85, 0, 0.42], yaw: 3.14159, pitch: -0.264 };
  const views = [{ picture: "a.png", ...view }, { picture: "b.png", ...view, position: [0, 0.85, 0.42], yaw: -1.5708 }];
  return { "views.json": Buffer.from(JSON.stringify({ format: 1, views })), "a.png": first, "b.png": second };
}

test("pictures of one's own are shown to it, and there is a way back", () => open({}, async (page) => {
  const before = await pixels(page, "#prediction");
  const files = await pictures(page);
  await repaint(page, () => drop(page, files));
  assert.match(await page.locator("#headline").innerText(), /two pictures of your scene/);
  assert.equal(await page.locator("#strip canvas").count(), 2);
  assert.ok(await page.locator("#truth-figure").isHidden(), "nobody knows the truth");
  assert.ok(difference(before, await pixels(page, "#prediction")) > 0);
  await repaint(page, () => page.click("#own-back"));
  assert.ok(await page.locator("#truth-figure").isVisible());
}));

test("a folder is opened as it lies on the disk", () => open({}, async (page) => {
  const folder = mkdtempSync(join(tmpdir(), "gqn-web-"));
  try {
    for (const [name, content] of Object.entries(await pictures(page))) writeFileSync(join(folder, name), content);
    await repaint(page, () => page.setInputFiles("#open-folder", folder));
    assert.match(await page.locator("#headline").innerText(), /two pictures of your scene/);
    await repaint(page, () => page.setInputFiles("#open-folder", packageFolder));
    assert.match(await page.locator("#offline").innerText(), new RegExp(basename(packageFolder)));
  } finally {
    rmSync(folder, { recursive: true });
  }
}));

test("bad pictures are explained", () => open({}, async (page) => {
  const files = await pictures(page);
  await drop(page, { "views.json": files["views.json"], "a.png": files["a.png"] });
  await refused(page, /b\.png/);
  await drop(page, { ...files, "b.png": Buffer.from("no picture") });
  await refused(page, /b\.png/, /no picture/);
  await drop(page, { ...files, "views.json": Buffer.from('{ "format": 1, "views": [') });
  await refused(page, /views\.json/);
  assert.match(await page.locator("#headline").innerText(), /this room/);
}));
