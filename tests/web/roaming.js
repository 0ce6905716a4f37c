// @ts-check
// The walk around, the buttons, and a map that is only added to by a click.
import assert from "node:assert/strict";
import { test } from "node:test";
import { PATIENCE, PHONE, SCENE, difference, open, pixels, repaint, rest } from "./browser.js";

/** @typedef {import("playwright-core").Page} Page */

/** @param {Page} page */
const orbits = async (page) => (await page.locator("#orbit").getAttribute("aria-pressed")) === "true";

/** Waits until the walk around has gone on. @param {Page} page */
async function goesOn(page) {
  const key = await page.locator("#prediction").getAttribute("data-key");
  await page.waitForFunction((key) => document.querySelector("#prediction")?.getAttribute("data-key") !== key, key, PATIENCE);
}

test("the buttons do what they say: the mean, and a guess", () => open({}, async (page) => {
  const guess = await pixels(page, "#prediction");
  const pressed = (/** @type {string} */ id) => page.locator(id).getAttribute("aria-pressed");
  await repaint(page, () => page.click("#mean"));
  assert.deepEqual([await pressed("#mean"), await pressed("#sample")], ["true", "false"]);
  assert.ok(await page.locator("#guess").isDisabled());
  await page.click("#mean");
  assert.equal(await pressed("#mean"), "true", "a second click changes nothing");
  await repaint(page, () => page.click("#sample"));
  assert.deepEqual([await pressed("#mean"), await pressed("#sample")], ["false", "true"]);
  assert.equal(difference(guess, await pixels(page, "#prediction")), 0);
}));

test("only moving the view ends the walk around, and the lenses go with it", () => open({}, async (page) => {
  await page.waitForFunction(() => Number(document.querySelector("#n-painters")?.textContent) > 1, null, PATIENCE);
  await page.waitForFunction(() => !document.querySelector("#uncertainty-figure.stale"), null, PATIENCE);
  await page.click("#orbit");
  await goesOn(page);
  const uncertain = await pixels(page, "#uncertainty");
  await page.mouse.move(600, 30);
  await page.mouse.wheel(0, 300);
  await page.click("#share");
  await page.click("#pixels");
  await page.click("#guess");
  await page.keyboard.press("?");
  await page.keyboard.press("Escape");
  await goesOn(page);
  assert.ok(await orbits(page));
  await page.waitForFunction((before) => {
    const canvas = /** @type {HTMLCanvasElement} */ (document.querySelector("#uncertainty"));
    const { data } = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")).getImageData(0, 0, canvas.width, canvas.height);
    return data.length !== before.length || data.some((value, at) => value !== before[at]);
  }, uncertain, PATIENCE);
  assert.equal(await page.locator("#uncertainty-figure.stale, #drawing-figure.stale").count(), 0);
  for (const [what, stop] of /** @type {[string, () => Promise<unknown>][]} */ ([
    ["a key that moves", () => page.keyboard.press("ArrowLeft")],
    ["a number key", () => page.keyboard.press("2")],
    ["a picture", () => page.locator("#strip .shot").first().click()],
    ["the way home", () => page.click("#reset")],
  ])) {
    if (!(await orbits(page))) await page.click("#orbit");
    await stop();
    assert.ok(!(await orbits(page)), what);
    await rest(page);
  }
}));

test("a link that walks around does, pasted into an open page or opened", () => open({}, async (page, url) => {
  for (const anew of [false, true]) {
    if (anew) await page.goto("about:blank");
    await page.goto(`${url}${SCENE}&orbit=1`);
    await page.waitForSelector("[data-ready] #orbit[aria-pressed=true]", PATIENCE);
    for (let picture = 0; picture < 3; picture++) await goesOn(page);
    assert.ok(await orbits(page));
    // It never rests, and its lenses are live all the same.
    await page.waitForFunction(() => /differ by/.test(document.querySelector("#spread")?.textContent ?? "")
      && !document.querySelector("#uncertainty-figure.stale, #drawing-figure.stale"), null, PATIENCE);
    assert.ok(await orbits(page));
    await page.keyboard.press("ArrowLeft");
    await rest(page);
  }
}));

test("a click on the map adds a camera; a swipe and the other button do not", () => open({}, async (page) => {
  await page.locator("#map").scrollIntoViewIfNeeded();
  const box = await page.locator("#map").boundingBox();
  assert.ok(box);
  const [x, y] = [box.x + 0.5 * box.width, box.y + 0.06 * box.height];
  const cameras = () => page.locator("#map .context").count();
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x, y + 60, { steps: 5 });
  await page.mouse.up();
  await page.mouse.click(x, y, { button: "right" });
  await page.mouse.click(x, y, { button: "middle" });
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 300)));
  assert.equal(await cameras(), 3);
  await repaint(page, () => page.mouse.click(x, y));
  assert.equal(await cameras(), 4);
  const before = await page.locator("#prediction").getAttribute("data-key");
  await page.locator("#map .context").first().press("Enter");
  await rest(page, before ?? undefined);
  assert.equal(await cameras(), 4, "a camera that has the focus is looked from");
}));

test("a finger that swipes over the map scrolls the page", () => open({ viewport: PHONE }, async (page) => {
  await page.locator("#map").scrollIntoViewIfNeeded();
  const box = await page.locator("#map").boundingBox();
  assert.ok(box);
  const [x, y] = [box.x + 0.5 * box.width, box.y + 0.5 * box.height].map(Math.round);
  const before = await page.evaluate(() => scrollY);
  const client = await page.context().newCDPSession(page);
  const touch = (/** @type {"touchStart" | "touchMove" | "touchEnd"} */ type, /** @type {object[]} */ touchPoints) =>
    client.send("Input.dispatchTouchEvent", /** @type {any} */ ({ type, touchPoints }));
  await touch("touchStart", [{ x, y }]);
  for (let step = 1; step <= 10; step++) await touch("touchMove", [{ x, y: y - 16 * step }]);
  await touch("touchEnd", []);
  await page.waitForFunction((before) => scrollY > before + 50, before, PATIENCE);
  assert.equal(await page.locator("#map .context").count(), 3);
}));
