// @ts-check
// A worker that gives no answer is ended, and the page goes on. On the fake bindings, with a clock that is put forward.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { PATIENCE, open, repaint } from "./browser.js";
import { serve } from "./server.js";
import { stage } from "./staged.js";

/** @typedef {import("playwright-core").Page} Page */
const folder = mkdtempSync(join(tmpdir(), "gqn-staged-"));
/** @type {{ url: string, stop: () => Promise<void> }} */
let server;
before(async () => { server = await serve(stage(folder, true)); });
after(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true });
});

/** More than any worker may take. */
const LONG_MS = 100_000;

for (const [name, phase] of [["endless", "prepare"], ["mute", "picture"]]) {
  test(`a package that never ends is given up, and the one before paints on (${name})`, () => open({
    url: server.url, hash: "#model=grid&seed=7&shown=0.1.2", prepare: async (page) => { await page.clock.install(); }, options: { reducedMotion: "reduce" },
  }, async (page) => {
    await page.selectOption("#model", name);
    await page.locator(`#progress [data-phase=${phase}].now`).waitFor({ state: "attached", ...PATIENCE });
    // What the fake bindings take to come to where they never end.
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await page.clock.runFor(LONG_MS);
    const message = page.locator("#messages .message", { hasText: /gave no answer/ });
    await message.waitFor(PATIENCE);
    assert.match(await message.innerText(), /90 seconds/);
    await page.waitForFunction(() => document.documentElement.dataset.ready !== undefined, null, PATIENCE);
    assert.equal(await page.locator("#model").inputValue(), "grid");
    await repaint(page, async () => {
      await page.clock.runFor(2000);
      await page.keyboard.press("ArrowLeft");
      await page.clock.runFor(2000);
    });
  }));
}

test("scenes that are never ready are given up, with what to do", () => open({
  url: server.url, hash: "#model=grid&seed=7&shown=0.1.2", prepare: async (page) => { await page.clock.install(); }, options: { reducedMotion: "reduce" },
}, async (page) => {
  await page.locator("#seed").fill("99");
  await page.keyboard.press("Enter");
  await page.clock.runFor(LONG_MS);
  // For the painters, too, the clock went on.
  await page.locator("#messages .message", { hasText: /no answer for 90 seconds.*reload the page/s }).waitFor(PATIENCE);
}));
