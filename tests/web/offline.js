// @ts-check
// After a first visit the page needs no network.
import assert from "node:assert/strict";
import { test } from "node:test";
import { PATIENCE, SCENE, difference, dist, open, pixels, ready, repaint } from "./browser.js";
import { serve } from "./server.js";

test("the page comes back without a server", async () => {
  const server = await serve(dist);
  await open({ url: server.url }, async (page) => {
    const before = await pixels(page, "#prediction");
    await page.waitForFunction(async () => {
      const found = await Promise.all(["generator.onnx", "representation.onnx", "sample.safetensors"].map(async (name) => {
        const loaded = performance.getEntriesByType("resource").find((entry) => entry.name.includes(name));
        return loaded && (await caches.match(loaded.name));
      }));
      return Boolean(navigator.serviceWorker.controller) && found.every(Boolean) && (await caches.match("./"));
    }, null, PATIENCE);
    await server.stop();
    await assert.rejects(fetch(server.url), "the server is gone");
    await page.goto(`${server.url}?${SCENE}`.replace("?", ""));
    await page.reload();
    await ready(page);
    assert.equal(difference(before, await pixels(page, "#prediction")), 0);
    await repaint(page, () => page.keyboard.press("ArrowLeft"));
  });
});
