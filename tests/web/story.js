// @ts-check
// The opening: pictures are given one after another, and who moves the view is left alone. On the fake bindings.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { PATIENCE, link, open, ready } from "./browser.js";
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

/** Opens the page without a link. @param {object} how @param {(page: Page) => Promise<void>} use */
const begin = (how, use) => open({ url: server.url, hash: "", wait: false, ...how }, use);

/** @param {Page} page @param {string} how */
const story = (page, how) => page.waitForSelector(`html[data-story=${how}]`, { state: "attached", ...PATIENCE });
/** @param {Page} page */
const shown = (page) => page.locator("#strip .item").count();

/** Notes every number of pictures that was on show. @param {Page} page */
const noted = (page) => page.addInitScript(() => {
  const counts = /** @type {any} */ (window).counts = /** @type {number[]} */ ([]);
  document.addEventListener("DOMContentLoaded", () => new MutationObserver(() => {
    const count = document.querySelectorAll("#strip .item").length;
    if (count && counts.at(-1) !== count) counts.push(count);
  }).observe(/** @type {Element} */ (document.querySelector("#strip")), { childList: true }));
});

test("pictures are given one after another while the camera walks, in the mean picture", () => begin({ prepare: noted }, async (page) => {
  await story(page, "playing");
  await page.locator("#orbit[aria-pressed=true]").waitFor(PATIENCE);
  assert.equal(await page.locator("#mean").getAttribute("aria-pressed"), "true");
  const from = await page.locator("#prediction").getAttribute("data-key");
  await story(page, "over");
  assert.deepEqual(await page.evaluate(() => /** @type {any} */ (window).counts), [1, 2, 3, 4, 5]);
  assert.notEqual(await page.locator("#prediction").getAttribute("data-key"), from);
  assert.equal(await page.locator("#replay").innerText(), "Play it again");
  await page.locator("#held", { hasText: /^5 pictures fill/ }).waitFor(PATIENCE);
  // Uncertainty after each number of pictures, as far as it was measured.
  assert.ok((await page.locator("#trail i").count()) > 1);
  await page.click("#replay");
  await story(page, "playing");
  await page.waitForFunction(() => document.querySelectorAll("#strip .item").length === 1, null, PATIENCE);
}));

for (const [what, act] of /** @type {[string, (page: Page) => Promise<unknown>][]} */ ([
  ["a drag", async (page) => {
    const box = await page.locator("#painted").boundingBox();
    assert.ok(box);
    await page.mouse.move(box.x + 40, box.y + 60);
    await page.mouse.down();
    await page.mouse.move(box.x + 120, box.y + 60, { steps: 4 });
    await page.mouse.up();
  }],
  ["a key", (page) => page.keyboard.press("ArrowLeft")],
  ["a picture more", (page) => page.click("#strip .more")],
  ["its button", (page) => page.click("#replay")],
])) {
  test(`${what} ends it`, () => begin({}, async (page) => {
    await story(page, "playing");
    await act(page);
    await story(page, "stopped");
    await page.waitForTimeout(200);
    const count = await shown(page);
    await page.waitForTimeout(3500);
    assert.equal(await shown(page), count, "no picture comes any more");
  }));
}

/** What the stills say. @param {Page} page */
async function stills(page) {
  await page.locator("#stills").waitFor(PATIENCE);
  return page.locator("#stills p").allInnerTexts();
}

test("who wants less motion sees stills: the view after one picture, two and three, and nothing moves until the story is asked for", () => begin({ options: { reducedMotion: "reduce" } }, async (page) => {
  await ready(page);
  await page.waitForFunction(() => document.querySelectorAll("#strip .item").length === 3, null, PATIENCE);
  const told = await stills(page);
  assert.deepEqual(told.map((text) => /^After (one picture|two pictures|three pictures)\s+\d+ % of its map is filled; its guesses differ by \d+\.\d %\.$/.test(text)), [true, true, true], told.join());
  const shares = told.map((text) => Number(/(\d+) % of its map/.exec(text)?.[1]));
  assert.ok(shares[0] < shares[1] && shares[1] <= shares[2], `the map fills: ${shares}`);
  assert.equal(await page.locator("#stills svg image").count(), 3);
  assert.deepEqual(await page.locator("#stills svg").evaluateAll((maps) => maps.map((map) => map.querySelectorAll(".taken").length)), [1, 2, 3]);
  const drawn = await page.locator("#stills").screenshot();
  await page.waitForTimeout(3000);
  assert.ok(drawn.equals(await page.locator("#stills").screenshot()), "nothing moves");
  assert.equal(await page.locator("html").getAttribute("data-story"), null);
  const at = (await link(page)).get("at");
  await page.click("#replay");
  await story(page, "over");
  assert.equal(await shown(page), 5);
  assert.equal((await link(page)).get("at"), at, "the camera stands still");
  assert.equal(await page.locator("#orbit").getAttribute("aria-pressed"), "false");
  await page.click("#dice");
  await page.locator("#stills").waitFor({ state: "hidden", ...PATIENCE });
}));

test("stills are what the network of the page paints, another one for each picture", () => open({ hash: "", options: { reducedMotion: "reduce" } }, async (page) => {
  await stills(page);
  const painted = await page.locator("#stills .still canvas:first-child").evaluateAll((canvases) => canvases.map((canvas) => /** @type {HTMLCanvasElement} */ (canvas).toDataURL()));
  assert.equal(new Set(painted).size, 3);
}));

test("a link tells its own view, and no story", () => open({ url: server.url, hash: "#model=grid&seed=7&shown=0.1&noise=1" }, async (page) => {
  await page.waitForTimeout(3000);
  assert.equal(await page.locator("html").getAttribute("data-story"), null);
  assert.equal(await shown(page), 2);
}));
