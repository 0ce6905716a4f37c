// @ts-check
// A small model paints until the better one is there. The page's second package stands in for the small one.
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { PATIENCE, SCENE, difference, dist, here, link, model, models, open, pixels, ready, repaint, rest } from "./browser.js";
import { serve } from "./server.js";

/** @typedef {import("playwright-core").Page} Page */
const SMALL = models.find((/** @type {{ name: string }} */ { name }) => name === "micro");
const folder = mkdtempSync(join(tmpdir(), "gqn-preview-"));
/** @type {{ url: string, stop: () => Promise<void> }} */
let server;
before(async () => {
  cpSync(dist, folder, { recursive: true });
  const index = join(folder, "models.json");
  const offer = JSON.parse(readFileSync(index, "utf8"));
  offer.models[0].preview = SMALL;
  writeFileSync(index, JSON.stringify(offer));
  server = await serve(folder);
});
after(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true });
});

/** Holds the better model back. @param {Page} page @returns {Promise<() => void>} which lets it come */
async function held(page) {
  /** @type {(value?: unknown) => void} */
  let release = () => undefined;
  const gate = new Promise((resolve) => { release = resolve; });
  await page.route(`**/models/${model.name}/generator.onnx*`, async (route) => {
    await gate;
    await route.continue().catch(() => undefined);
  });
  return release;
}

/** Opens the page with the better model held back, when the small one has painted.
 * @param {{ hash?: string }} how @param {(page: Page, release: () => void) => Promise<void>} use */
async function small({ hash = SCENE }, use) {
  let release = () => undefined;
  const prepare = async (/** @type {Page} */ page) => { release = /** @type {any} */ (await held(page)); };
  await open({ url: server.url, hash, prepare, wait: false, options: { serviceWorkers: "block" } }, async (page) => {
    await painted(page);
    await use(page, () => release());
  });
}

/** @param {Page} page */
async function painted(page) {
  await page.waitForSelector("html[data-painted]", { state: "attached", ...PATIENCE });
  await rest(page);
}

/** What must not move. @param {Page} page */
const layout = (page) => page.evaluate(() => ["#painted", "#map", "#strip", ".tools", "#how"].map((name) => {
  const { x, y, width, height } = /** @type {Element} */ (document.querySelector(name)).getBoundingClientRect();
  // What explains a network depends on its kind.
  return [name, x, y, width, ...(name === "#how" ? [] : [height])].join(" ");
}));

test("a small model paints first, says so, and the better one takes its place", () => small({}, async (page, release) => {
  assert.match(await page.locator("#preview").innerText(), /^A small model paints until the better one is here: \d/);
  assert.match(await page.locator("#figures").innerText(), new RegExp(`${SMALL.image_size}×${SMALL.image_size}`));
  assert.equal(await page.locator("html[data-ready]").count(), 0);
  // One can look around meanwhile.
  await repaint(page, () => page.keyboard.press("ArrowLeft"));
  const at = await here(page);
  const before = { hash: await page.evaluate(() => location.hash), entries: await page.evaluate(() => history.length), layout: await layout(page) };
  assert.equal((await link(page)).get("model"), model.name, "the link is that of the better model");
  assert.equal(await page.locator("#model").inputValue(), model.name);
  release();
  await ready(page);
  await page.locator("#preview").waitFor({ state: "hidden", ...PATIENCE });
  assert.match(await page.locator("#figures").innerText(), new RegExp(`${model.image_size}×${model.image_size}`));
  assert.deepEqual(await here(page), at);
  assert.deepEqual({ hash: await page.evaluate(() => location.hash), entries: await page.evaluate(() => history.length), layout: await layout(page) }, before);
  // It paints what it paints where no small model was before it.
  const better = await pixels(page, "#prediction");
  assert.equal(better.length, 4 * model.image_size ** 2);
  await open({ hash: before.hash }, async (other) => {
    assert.equal(difference(better, await pixels(other, "#prediction")), 0);
  });
}));

test("another model that is chosen meanwhile stays", () => small({}, async (page, release) => {
  await page.selectOption("#model", "micro");
  await page.waitForFunction(() => location.hash.includes("model=micro"), null, PATIENCE);
  await ready(page);
  const came = page.waitForResponse(`**/models/${model.name}/generator.onnx*`);
  release();
  await came;
  await page.locator("#preview").waitFor({ state: "hidden", ...PATIENCE });
  await rest(page);
  assert.equal(await page.locator("#model").inputValue(), "micro");
  assert.match(await page.locator("#figures").innerText(), new RegExp(`${SMALL.image_size}×${SMALL.image_size}`));
}));

test("another scene that is gone to meanwhile is painted by the better one", () => small({}, async (page, release) => {
  await page.evaluate(() => { location.hash = location.hash.replace("seed=7", "seed=8"); });
  await page.waitForFunction(() => /** @type {HTMLInputElement} */ (document.querySelector("#seed")).value === "8", null, PATIENCE);
  release();
  await ready(page);
  assert.equal((await link(page)).get("seed"), "8");
  assert.match(await page.locator("#figures").innerText(), new RegExp(`${model.image_size}×${model.image_size}`));
}));

test("the small model goes on if the better one does not come", () => open({ url: server.url, wait: false, asks: [server.url], options: { serviceWorkers: "block" },
  prepare: (page) => page.route(`**/models/${model.name}/generator.onnx*`, (route) => route.fulfill({ status: 503, body: "busy" })) }, async (page) => {
  await page.locator("#messages .message").waitFor(PATIENCE);
  assert.match(await page.locator("#messages").innerText(), /generator\.onnx.*503/);
  await painted(page);
  assert.ok(await page.locator("#preview").isHidden());
  const before = await pixels(page, "#prediction");
  await page.keyboard.press("ArrowLeft");
  await page.waitForFunction(() => location.hash.includes("at="), null, PATIENCE);
  await rest(page);
  assert.notEqual(difference(before, await pixels(page, "#prediction")), 0);
}));

test("afterwards the page needs neither the network nor the small model", async () => {
  const own = await serve(folder);
  await open({ url: own.url }, async (page) => {
    await page.waitForFunction(() => Boolean(navigator.serviceWorker.controller) && document.documentElement.dataset.offline !== undefined, null, PATIENCE);
    const before = await pixels(page, "#prediction");
    await own.stop();
    /** @type {string[]} */
    const asked = [];
    page.on("request", (request) => { asked.push(request.url()); });
    await page.reload();
    await ready(page);
    assert.equal(difference(before, await pixels(page, "#prediction")), 0);
    assert.ok(asked.some((url) => url.includes(`/models/${model.name}/generator.onnx`)), "the better model is kept");
    assert.ok(!asked.some((url) => url.includes("/models/micro/")), "nothing was asked of the small one");
  });
});
