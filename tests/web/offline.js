// @ts-check
// After a first visit the page needs no network, and a new version of it disturbs none that is open.
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { PATIENCE, SCENE, difference, dist, open, pixels, ready, repaint } from "./browser.js";
import { serve } from "./server.js";

/** Waits until all is kept. @param {import("playwright-core").Page} page */
const kept = (page) => page.waitForFunction(() => Boolean(navigator.serviceWorker.controller) && document.documentElement.dataset.offline !== undefined, null, PATIENCE);

test("the page comes back without a server", async () => {
  const server = await serve(dist);
  await open({ url: server.url }, async (page) => {
    const before = await pixels(page, "#prediction");
    await kept(page);
    await server.stop();
    await assert.rejects(fetch(server.url), "the server is gone");
    await page.reload();
    await ready(page);
    assert.equal(difference(before, await pixels(page, "#prediction")), 0);
    await repaint(page, () => page.keyboard.press("ArrowLeft"));
    // Whatever stands behind a question mark, it is this page.
    await page.goto(`${server.url}?from=elsewhere#world=rooms-ring-camera&seed=7&shown=0.1.2&noise=1&pixels=1`);
    await ready(page);
    assert.equal(difference(before, await pixels(page, "#prediction")), 0);
  });
});

/** Puts a version of the page into a folder, in the place of the one before. @param {string} folder @param {string} version */
function deploy(folder, version) {
  rmSync(folder, { recursive: true, force: true });
  cpSync(dist, folder, { recursive: true });
  const app = /** @type {string} */ (readdirSync(folder).find((name) => name.startsWith("app-")));
  renameSync(join(folder, app), join(folder, `app-${version}`));
  for (const file of ["index.html", "service-worker.js"]) {
    const text = readFileSync(join(folder, file), "utf8").replaceAll(app, `app-${version}`).replace(/const version = "[^"]*"/, `const version = "${version}"`);
    writeFileSync(join(folder, file), text);
  }
}

test("a page that is open outlives a new version, which then opens without the network", async () => {
  const folder = mkdtempSync(join(tmpdir(), "gqn-deployed-"));
  deploy(folder, "one");
  // As servers do: the page itself may be kept for a while.
  const server = await serve(folder, { "cache-control": "max-age=3600" });
  try {
    await open({ url: server.url }, async (page) => {
      await kept(page);
      const versions = () => page.evaluate(() => caches.keys());
      assert.deepEqual(await versions(), ["gqn-one"]);
      deploy(folder, "two");
      await page.evaluate(async () => {
        const registration = /** @type {ServiceWorkerRegistration} */ (await navigator.serviceWorker.getRegistration());
        const changed = new Promise((resolve) => navigator.serviceWorker.addEventListener("controllerchange", resolve, { once: true }));
        await registration.update();
        await changed;
      });
      // Another model needs another worker, whose files the server no longer has.
      await page.selectOption("#model", "micro");
      await page.waitForFunction(() => location.hash.includes("model=micro"), null, PATIENCE);
      await page.locator("#figures", { hasText: "16×16, 2 DRAW steps" }).waitFor(PATIENCE);
      await ready(page);
      assert.equal(await page.locator("#messages .message").count(), 0);
      await server.stop();
      await page.goto(`${server.url}?again${SCENE}`);
      await ready(page);
      assert.match(await page.locator("script[type=module]").getAttribute("src") ?? "", /^app-two\//, "the new version, not the old page of the browser's cache");
      // Nobody needs the old one any more.
      await kept(page);
      await page.waitForFunction(async () => (await caches.keys()).join() === "gqn-two", null, PATIENCE);
    });
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true });
  }
});
