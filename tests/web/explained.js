// @ts-check
// The explanation, on the real engine: contributions that are taken out of the sum, rays, steps and noise.
import assert from "node:assert/strict";
import { test } from "node:test";
import { PATIENCE, difference, open, pixels, repaint } from "./browser.js";

/** A scene in its mean picture. */
const MEAN = "#world=rooms-ring-camera&seed=7&shown=0.1.2&noise=1&mean=1&pixels=1";
/** Rounded to bytes, and summed in another order. */
const NEAR = 2;

/** @typedef {import("playwright-core").Page} Page */

/** Scrolls to the explanation and waits until it is painted. @param {Page} page */
async function explained(page) {
  await page.locator("#noises").scrollIntoViewIfNeeded();
  await page.waitForFunction(() => document.querySelectorAll("#noises canvas").length === 4 && document.querySelectorAll("#steps canvas").length > 1, null, PATIENCE);
}

/** Waits until a canvas shows other pixels than before. @param {Page} page @param {string} selector @param {number[]} before */
const changes = (page, selector, before) => page.waitForFunction(([selector, before]) => {
  const canvas = /** @type {HTMLCanvasElement} */ (document.querySelector(/** @type {string} */ (selector)));
  const { data } = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")).getImageData(0, 0, canvas.width, canvas.height);
  return data.length !== before.length || data.some((value, at) => value !== before[at]);
}, /** @type {[string, any]} */ ([selector, before]), PATIENCE);

test("a contribution that is subtracted leaves what the others tell", () => open({ hash: MEAN }, async (page) => {
  await explained(page);
  const all = await pixels(page, "#sum");
  assert.ok(difference(all, await pixels(page, "#prediction")) <= NEAR, "the sum of all is the view");
  assert.equal(await page.locator("#parts .part").count(), 3);
  await page.click("#parts li:nth-child(2) .part");
  await changes(page, "#sum", all);
  assert.match(await page.locator("#sum-text").innerText(), /3 contributions added, 1 subtracted/);
  assert.ok(difference(all, await pixels(page, "#prediction")) <= NEAR, "the view itself stays");
  const without = await pixels(page, "#sum");
  // The network is shown the other two only.
  await repaint(page, () => page.click("#strip .item:nth-child(2) .away"));
  assert.ok(difference(without, await pixels(page, "#prediction")) <= NEAR);
}));

test("one contribution has to stay, and one that was taken comes back", () => open({ hash: MEAN.replace("0.1.2", "0.1") }, async (page) => {
  await explained(page);
  const all = await pixels(page, "#sum");
  await page.click("#parts li:nth-child(1) .part");
  await changes(page, "#sum", all);
  await page.click("#parts li:nth-child(2) .part");
  await page.locator("#notice", { hasText: /has to stay/ }).waitFor(PATIENCE);
  assert.equal(await page.locator("#parts .part[aria-pressed=true]").count(), 1);
  const alone = await pixels(page, "#sum");
  await page.click("#parts li:nth-child(1) .part");
  await changes(page, "#sum", alone);
  assert.equal(difference(all, await pixels(page, "#sum")), 0);
}));

test("the steps end in the view, noise changes it, and rays leave from where one looks", () => open({ hash: MEAN }, async (page) => {
  await explained(page);
  const view = await pixels(page, "#prediction");
  assert.ok(difference(view, await pixels(page, "#steps li:last-child canvas")) <= NEAR);
  assert.ok(difference(view, await pixels(page, "#steps li:first-child canvas")) > NEAR);
  assert.ok(difference(view, await pixels(page, "#noises li:first-child canvas")) <= NEAR, "no noise is the mean");
  assert.ok(difference(view, await pixels(page, "#noises li:nth-child(2) canvas")) > 0);
  const eye = () => page.locator("#rays .eye").evaluate((node) => [node.getAttribute("cx"), node.getAttribute("cy")].map(Number));
  const on = await page.locator("#map .view").getAttribute("transform");
  const [u, v] = await eye();
  assert.match(on ?? "", new RegExp(`translate\\(${String(u).slice(0, 5)}`));
  const moved = page.waitForFunction(([u, v]) => {
    const node = document.querySelector("#rays .eye");
    return node && (Number(node.getAttribute("cx")) !== u || Number(node.getAttribute("cy")) !== v);
  }, [u, v], PATIENCE);
  await page.keyboard.press("2");
  await moved;
}));
