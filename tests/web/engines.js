// @ts-check
// What the page paints is what ONNX Runtime paints of the same package, pictures, camera and noise.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { PATIENCE, SCENE, difference, here, open, pixels, repaint, rest } from "./browser.js";
import { decode, reference } from "./reference.js";

/** Of 255, in a channel: rounding in two engines, and truths that were rendered on two targets. */
const TOLERANCE = 2;

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

/** What of a page's parts was loaded. @param {import("playwright-core").Page} page */
const loaded = (page) => page.evaluate(() => performance.getEntriesByType("resource").map(({ name }) => name).filter((name) => name.includes("/tract/")));

test(`tract is loaded when it is chosen, and paints within ${TOLERANCE}/255 of ONNX Runtime`, () => open({ hash: `${SCENE}&mean=1` }, async (page) => {
  const before = await pixels(page, "#prediction");
  assert.deepEqual(await loaded(page), [], "nobody asked for it");
  assert.match(await page.locator("#n-engine").innerText(), /built-in engine/);
  assert.match(await page.locator("#engine option[value=tract]").innerText(), /tract \(\d+\.\d MB more\)/);
  await page.selectOption("#engine", "tract");
  await page.locator("#n-engine", { hasText: /^tract \d/ }).waitFor(PATIENCE);
  await page.waitForFunction(() => location.hash.includes("engine=tract"), null, PATIENCE);
  await rest(page);
  const found = await pixels(page, "#prediction");
  assert.ok(difference(before, found) <= TOLERANCE);
  assert.match(await page.locator("#n-engine").innerText(), /^tract .*wasm_f32_\d+x\d+ for products/, "a kernel for SIMD was chosen");
  const folder = mkdtempSync(join(tmpdir(), "gqn-web-"));
  try {
    const at = await here(page);
    assert.ok(difference(found, await decode(page, reference(at, 3, ["--temperature", "0"], folder))) <= TOLERANCE);
  } finally {
    rmSync(folder, { recursive: true });
  }
  await page.selectOption("#engine", "");
  await page.locator("#n-engine", { hasText: /built-in engine/ }).waitFor(PATIENCE);
  await rest(page);
  assert.equal(difference(before, await pixels(page, "#prediction")), 0);
}));

test("a link names tract, and what was loaded of it works without the network", () => open({ hash: `${SCENE}&engine=tract` }, async (page, url) => {
  assert.match(await page.locator("#n-engine").innerText(), /^tract/);
  assert.equal(await page.locator("#engine").inputValue(), "tract");
  assert.equal((await loaded(page)).length > 0, true);
  await page.waitForFunction(() => document.documentElement.dataset.offline !== undefined, null, PATIENCE);
  await page.context().setOffline(true);
  const hash = await page.evaluate(() => location.hash);
  await page.goto(`${url}?offline${hash}`);
  await page.locator("#n-engine", { hasText: /^tract/ }).waitFor(PATIENCE);
  await rest(page);
}));
