// @ts-check
// What leaves the page: a picture, an orbit, a scene that can be opened again; and the way back through scenes.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { PATIENCE, SCENE, dist, link, model, models, open, pixels, ready, repaint, rest } from "./browser.js";

/** @typedef {import("playwright-core").Page} Page */

/** Presses a button that saves a file. @param {Page} page @param {string} selector */
async function saved(page, selector) {
  const [download] = await Promise.all([page.waitForEvent("download", PATIENCE), page.click(selector)]);
  return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
}

test("the view is saved as a PNG", () => open({}, async (page) => {
  const { name, bytes } = await saved(page, "#save-picture");
  assert.equal(name, "rooms-ring-camera-7-painted.png");
  const found = await page.evaluate(async (base64) => {
    const bitmap = await createImageBitmap(new Blob([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], { type: "image/png" }));
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d"));
    context.drawImage(bitmap, 0, 0);
    return { side: bitmap.width, middle: [...context.getImageData(256, 256, 1, 1).data] };
  }, bytes.toString("base64"));
  assert.equal(found.side, 512);
  // Between the pixels of the small picture there, smoothly.
  const view = await pixels(page, "#prediction");
  const side = Math.sqrt(view.length / 4);
  const near = [-1, 0].flatMap((y) => [-1, 0].map((x) => 4 * ((side / 2 + y) * side + side / 2 + x)));
  for (let channel = 0; channel < 3; channel++) {
    const values = near.map((at) => view[at + channel]);
    assert.ok(found.middle[channel] >= Math.min(...values) - 2 && found.middle[channel] <= Math.max(...values) + 2, `channel ${channel}`);
  }
}));

test("an orbit is saved as an animated GIF that browsers decode", () => open({}, async (page) => {
  const { name, bytes } = await saved(page, "#save-orbit");
  assert.equal(name, "rooms-ring-camera-7-orbit.gif");
  const found = await page.evaluate(async (base64) => {
    const data = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
    const decoder = new (/** @type {any} */ (window)).ImageDecoder({ data, type: "image/gif" });
    await decoder.tracks.ready;
    const { frameCount, repetitionCount } = decoder.tracks.selectedTrack;
    const middles = [];
    for (const frameIndex of [0, Math.floor(frameCount / 2)]) {
      const { image } = await decoder.decode({ frameIndex });
      const canvas = new OffscreenCanvas(image.displayWidth, image.displayHeight);
      const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d"));
      context.drawImage(image, 0, 0);
      const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
      middles.push({ side: canvas.width, mean: [0, 1, 2].map((channel) => data.filter((_, at) => at % 4 === channel).reduce((sum, value) => sum + value, 0) / (data.length / 4)) });
    }
    return { frameCount, repetitionCount, middles };
  }, bytes.toString("base64"));
  assert.equal(found.frameCount, 75);
  assert.ok(found.repetitionCount > 1000 || found.repetitionCount === -1 || found.repetitionCount === null, `it goes round: ${found.repetitionCount}`);
  assert.equal(found.middles[0].side, 256);
  const view = await pixels(page, "#prediction");
  for (let channel = 0; channel < 3; channel++) {
    const mean = view.filter((_, at) => at % 4 === channel).reduce((sum, value) => sum + value, 0) / (view.length / 4);
    assert.ok(Math.abs(mean - found.middles[0].mean[channel]) < 3, `the first is the view: ${mean} and ${found.middles[0].mean[channel]}`);
  }
}));

test("an orbit that is asked for while another model takes over is one of that model", () => open({}, async (page) => {
  const other = models.find((/** @type {{ name: string }} */ { name }) => name !== model.name);
  assert.ok(other);
  // The model's figures stand there before it has seen the scene.
  await page.evaluate(() => {
    const figures = /** @type {HTMLElement} */ (document.querySelector("#figures"));
    new MutationObserver((_, observer) => {
      observer.disconnect();
      /** @type {HTMLElement} */ (document.querySelector("#save-orbit")).click();
    }).observe(figures, { childList: true });
  });
  const [download] = await Promise.all([page.waitForEvent("download", PATIENCE), page.selectOption("#model", other.name)]);
  assert.match(download.suggestedFilename(), /-orbit\.gif$/);
  assert.equal(readFileSync(await download.path()).subarray(0, 6).toString(), "GIF89a");
  assert.deepEqual(await page.locator("#messages .message").allInnerTexts(), []);
  // What stands above the fold is of that model, too.
  await page.locator("#why", { hasText: await page.locator("#n-model").innerText() }).waitFor(PATIENCE);
}));

test("the link follows somebody who walks around", () => open({ hash: `${SCENE}&orbit=1`, wait: false }, async (page) => {
  const at = () => page.evaluate(() => new URLSearchParams(location.hash.slice(1)).get("at"));
  await page.waitForFunction(() => location.hash.includes("at="), null, PATIENCE);
  const before = await at();
  await page.waitForFunction((before) => new URLSearchParams(location.hash.slice(1)).get("at") !== before, before, PATIENCE);
  assert.equal((await link(page)).get("orbit"), "1");
}));

test("a scene that was downloaded opens again as one's own, and paints the same", () => open({ hash: `${SCENE}&mean=1` }, async (page) => {
  const shots = () => page.locator("#strip canvas").evaluateAll((all) => all.map((canvas) => /** @type {HTMLCanvasElement} */ (canvas).toDataURL()));
  const before = await shots();
  const { name, bytes } = await saved(page, "#save-scene");
  assert.equal(name, "rooms-ring-camera-7.zip");
  await repaint(page, () => page.setInputFiles("#open-files", { name, mimeType: "application/zip", buffer: bytes }));
  await page.locator("#headline", { hasText: /three pictures of your scene/ }).waitFor(PATIENCE);
  assert.deepEqual(await shots(), before);
  // Written again, it is the same.
  const again = await saved(page, "#save-scene");
  assert.equal(again.name, "my-scene.zip");
  const text = (/** @type {Buffer} */ zip) => /\{\n {2}"format"[^]*?\n\}\n/.exec(zip.toString("latin1"))?.[0];
  assert.ok(text(bytes)?.includes('"field_of_view"'));
  assert.equal(text(again.bytes), text(bytes));
}));

test("a damaged zip of pictures is refused with words", () => open({}, async (page) => {
  const { bytes } = await saved(page, "#save-scene");
  const cut = Buffer.from(bytes);
  // The first file is said to lie elsewhere.
  cut.writeUInt32LE(77, cut.lastIndexOf(Buffer.from([0x50, 0x4b, 1, 2])) + 42);
  await page.setInputFiles("#open-files", { name: "scene.zip", mimeType: "application/zip", buffer: cut });
  await page.locator("#messages .message", { hasText: /scene\.zip is no zip that can be read/ }).waitFor(PATIENCE);
  assert.match(await page.locator("#headline").innerText(), /this room/);
}));

test("the example opens", () => open({}, async (page) => {
  await repaint(page, () => page.click("#example"));
  await page.locator("#headline", { hasText: /four pictures of your scene/ }).waitFor(PATIENCE);
  await page.click("#own-back");
  await page.locator("#headline", { hasText: /three pictures of this room/ }).waitFor(PATIENCE);
}));

test("the browser's way back leads to the scene before", () => open({}, async (page) => {
  const at = (/** @type {string} */ seed) => page.waitForFunction((seed) => new URLSearchParams(location.hash.slice(1)).get("seed") === seed
    && /** @type {HTMLInputElement} */ (document.querySelector("#seed")).value === seed, seed, PATIENCE);
  const first = await pixels(page, "#truth");
  for (const seed of ["8", "9"]) {
    await repaint(page, async () => {
      await page.fill("#seed", seed);
      await page.press("#seed", "Enter");
    });
    await at(seed);
  }
  // Looking around is no entry of its own.
  await page.focus("#painted");
  await repaint(page, () => page.keyboard.press("ArrowLeft"));
  await repaint(page, () => page.goBack());
  await at("8");
  await repaint(page, () => page.goBack());
  await at("7");
  await rest(page);
  assert.deepEqual(await pixels(page, "#truth"), first);
  await repaint(page, () => page.goForward());
  await at("8");
}));

test("worlds that no model knows say so before they are chosen", () => open({}, async (page) => {
  const trained = new Set(models.map((/** @type {{ world: string }} */ { world }) => world));
  const options = await page.locator("#world option").evaluateAll((all) => all.map((option) => [/** @type {HTMLOptionElement} */ (option).value, option.textContent ?? ""]));
  assert.ok(options.length > 3);
  for (const [name, text] of options) assert.equal(/no model here knows it/.test(text), !trained.has(name), `${name}: ${text}`);
  assert.equal(options[0][0], model.world, "what a model knows comes first");
}));

test("links inside the page leave the view's link alone, and the docs open in it", () => open({}, async (page) => {
  await page.waitForFunction(() => location.hash.includes("at="), null, PATIENCE);
  const before = await page.evaluate(() => location.hash);
  await page.click("a[href='#how']");
  await page.waitForFunction(() => scrollY > 100, null, PATIENCE);
  assert.equal(await page.evaluate(() => location.hash), before);
  await page.click("#docs-open");
  await page.locator("#docs-text h3", { hasText: "Documentation" }).waitFor(PATIENCE);
  await page.selectOption("#docs-page", "training.md");
  await page.locator("#docs-text h3", { hasText: /^Training/ }).first().waitFor(PATIENCE);
  await page.keyboard.press("Escape");
}));

/** Modules that come while the package is read, and those of them that wait until somebody asks. */
const MEANWHILE = ["drop.js", "example.js", "files.js", "how.js", "own.js", "parts.js", "save.js", "zip.js"];
const ASKED_FOR = ["connection.js", "markdown.js", "served.js", "spread.js", "stills.js"];

test("what the first picture needs is asked for at once, and only that", () => open({}, async (page) => {
  const head = readFileSync(`${dist}/index.html`, "utf8");
  const named = [...head.matchAll(/rel="(?:modulepreload|preload)"[^>]*href="([^"]+)"/g)].map(([, href]) => href);
  const loaded = (await page.evaluate(() => performance.getEntriesByType("resource").map(({ name }) => name))).map((/** @type {string} */ name) => name.slice(new URL("./", page.url()).href.length));
  for (const href of named) assert.ok(loaded.includes(href), `${href} is preloaded and not used`);
  for (const part of loaded) {
    const [, module] = /src\/page\/(.*\.js)$/.exec(part) ?? [];
    if (module) assert.equal(named.includes(part), !MEANWHILE.includes(module), `${part} is preloaded if the first picture needs it`);
    assert.ok(!module || !ASKED_FOR.includes(module), `${part}, for which nobody asked`);
    assert.doesNotMatch(part, /example\/|docs\/|gif|card\.png|icon-|sample\.safetensors|\.onnx\?/, "what nobody asked for");
  }
  const worker = readFileSync(`${dist}/service-worker.js`, "utf8");
  assert.doesNotMatch(worker.slice(0, worker.indexOf("];")), /example\/|docs\/|gif\.js|card\.png/);
  await ready(page);
  assert.ok((await link(page)).get("seed"));
}));
