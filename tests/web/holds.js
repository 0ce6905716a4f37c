// @ts-check
// What a voxel scene holds, on the map. On the fake bindings: a wedge before each camera, whatever the picture shows.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { DESKTOP, PATIENCE, PHONE, open, repaint } from "./browser.js";
import { serve } from "./server.js";
import { stage } from "./staged.js";

/** @typedef {import("playwright-core").Page} Page */
const folder = mkdtempSync(join(tmpdir(), "gqn-staged-"));
/** @type {{ url: string, stop: () => Promise<void> }} */
let server;
before(async () => { server = await serve(stage(folder)); });
after(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true });
});

/** Opens the page on the fake bindings. @param {object} how @param {(page: Page) => Promise<void>} use */
const look = (how, use) => open({ url: server.url, hash: "#model=grid&seed=7&shown=0.1.2&noise=1", ...how }, use);

/** Waits until so many pictures fill the map, nothing fades, and gives what is said of it. @param {Page} page @param {RegExp} words */
async function held(page, words) {
  await page.locator("#held", { hasText: words }).waitFor(PATIENCE);
  await page.waitForFunction(() => document.querySelectorAll(".holds .all image").length === 1, null, PATIENCE);
  return Number(/(\d+) % of its world/.exec(await page.locator("#held").innerText())?.[1]);
}

/** How opaque the map of all pictures, or of one, is at every cell. @param {Page} page @param {string} group */
const opacity = (page, group) => page.evaluate(async (group) => {
  const image = new Image();
  image.src = document.querySelector(`.holds .${group} image:last-child`)?.getAttribute("href") ?? "";
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height);
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.drawImage(image, 0, 0);
  return [...context.getImageData(0, 0, image.width, image.height).data].filter((_, index) => index % 4 === 3);
}, group);

for (const [name, viewport] of /** @type {[string, typeof DESKTOP][]} */ ([["desktop", DESKTOP], ["phone", PHONE]])) {
  test(`the map fills as pictures are given and empties as they are taken away (${name})`, () => look({ viewport }, async (page) => {
    const three = await held(page, /^3 pictures fill/);
    const full = await opacity(page, "all");
    assert.equal(full.length, 24 * 24);
    await repaint(page, () => page.click("#strip .more"));
    assert.ok((await held(page, /^4 pictures fill/)) > three);
    const fuller = await opacity(page, "all");
    assert.ok(fuller.every((value, cell) => value >= full[cell]) && fuller.some((value, cell) => value > full[cell] + 20));
    await repaint(page, () => page.click("#counts [data-count='1']"));
    assert.ok((await held(page, /^One picture fills/)) < three);
    const image = await page.locator(".holds .all image").boundingBox();
    const map = await page.locator("#map").boundingBox();
    assert.ok(image && map && Math.abs(image.width - map.width) < 2 && Math.abs(image.y - map.y) < 2, "the box lies where its corners are");
  }));
}

test("the picture that is pointed at or has the focus stands out", () => look({}, async (page) => {
  await held(page, /^3 pictures fill/);
  const one = page.locator(".holds .one image");
  assert.equal(await one.count(), 0);
  await page.hover("#strip .item:nth-child(2)");
  await page.locator("#held", { hasText: /Picture 2 alone fills \d+ %/ }).waitFor(PATIENCE);
  assert.equal(await one.count(), 1);
  const [own, all] = [await opacity(page, "one"), await opacity(page, "all")];
  assert.ok(own.every((value, cell) => value <= all[cell]) && own.some((value, cell) => value < all[cell]), "it is a part of the whole");
  await page.hover("#headline");
  await one.waitFor({ state: "detached", ...PATIENCE });
  await page.locator("#map .context").nth(2).focus();
  await page.locator("#held", { hasText: /Picture 3 alone/ }).waitFor(PATIENCE);
  assert.notDeepEqual(await opacity(page, "one"), own);
}));

test("a switch hides it, and the link says so", () => look({}, async (page) => {
  await held(page, /^3 pictures fill/);
  const layer = page.locator("#map .holds");
  await page.click("#holds");
  assert.equal(await page.locator("#holds").getAttribute("aria-pressed"), "false");
  assert.ok(await layer.isHidden() && await page.locator("#held").isHidden());
  assert.match(await page.evaluate(() => location.hash), /&holds=0$/);
  await look({ hash: await page.evaluate(() => location.hash) }, async (other) => {
    await other.locator("#holds[aria-pressed=false]").waitFor(PATIENCE);
    assert.ok(await other.locator("#map .holds").isHidden());
  });
  await page.keyboard.press("h");
  assert.ok(await layer.isVisible() && await page.locator("#held").isVisible());
  assert.doesNotMatch(await page.evaluate(() => location.hash), /holds/);
}));

test("the paper's network has nothing of it", () => look({}, async (page) => {
  await held(page, /^3 pictures fill/);
  assert.deepEqual(await page.locator("#model option").allInnerTexts(), ["grid: 32×32, 1.2 MB", "the paper’s network (tower): 32×32, 1.2 MB"]);
  await page.selectOption("#model", "tower");
  await page.locator("#holds-row").waitFor({ state: "hidden", ...PATIENCE });
  assert.equal(await page.locator(".holds image").count(), 0);
  await page.selectOption("#model", "grid");
  await held(page, /^3 pictures fill/);
}));

test("it fades, but not for who wants less motion", async () => {
  await look({}, async (page) => {
    await held(page, /^3 pictures fill/);
    const faded = page.waitForFunction(() => document.querySelectorAll(".holds .all image").length === 2, null, { polling: "raf", ...PATIENCE });
    await page.click("#strip .more");
    await faded;
    await held(page, /^4 pictures fill/);
  });
  await look({ options: { reducedMotion: "reduce" } }, async (page) => {
    await page.evaluate(() => {
      const seen = /** @type {any} */ (window);
      seen.most = 0;
      const count = () => { seen.most = Math.max(seen.most, document.querySelectorAll(".holds .all image").length); };
      new MutationObserver(count).observe(/** @type {Element} */ (document.querySelector("#map .holds")), { childList: true, subtree: true });
      // The map may have been drawn before anyone watched.
      count();
    });
    await page.click("#strip .more");
    await held(page, /^4 pictures fill/);
    assert.equal(await page.evaluate(() => /** @type {any} */ (window).most), 1);
  });
});

test("pictures of cameras with another field of view are refused by a model that knows its own", () => look({}, async (page) => {
  await held(page, /^3 pictures fill/);
  const picture = Buffer.from((await page.locator("#strip canvas").first().evaluate((canvas) => /** @type {HTMLCanvasElement} */ (canvas).toDataURL())).split(",")[1], "base64");
  const give = (/** @type {number} */ angle) => {
    const views = { format: 1, field_of_view: angle, views: [{ picture: "a.png", position: [0.85, 0, 0.42], yaw: 3.14159, pitch: -0.264 }] };
    const files = { "views.json": Buffer.from(JSON.stringify(views)), "a.png": picture };
    return page.setInputFiles("#open-files", Object.entries(files).map(([name, buffer]) => ({ name, buffer, mimeType: "application/octet-stream" })));
  };
  const refused = page.locator("#messages .message", { hasText: /another field of view/ });
  await give(1.2);
  await refused.waitFor(PATIENCE);
  assert.match(await page.locator("#headline").innerText(), /three pictures of this room/);
  await give(0.872665);
  await page.locator("#headline", { hasText: /one picture of your scene/ }).waitFor(PATIENCE);
  // A model that knows no field of view takes any; with those pictures one that does is not opened.
  await page.selectOption("#model", "tower");
  await page.locator("#holds-row").waitFor({ state: "hidden", ...PATIENCE });
  // What the page said of the pictures before says nothing of these.
  await page.locator("#notice").evaluate((notice) => { notice.textContent = ""; });
  await give(1.2);
  await page.locator("#notice", { hasText: /one picture of yours/ }).waitFor(PATIENCE);
  await page.selectOption("#model", "grid");
  await refused.waitFor(PATIENCE);
  assert.match(await page.evaluate(() => location.hash), /model=tower/);
}));
