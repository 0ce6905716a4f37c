// @ts-check
// After a first visit the page needs no network.
import assert from "node:assert/strict";
import { test } from "node:test";
import { PATIENCE, difference, dist, open, pixels, ready, repaint } from "./browser.js";
import { serve } from "./server.js";

test("the page comes back without a server", async () => {
  const server = await serve(dist);
  await open({ url: server.url }, async (page) => {
    const before = await pixels(page, "#prediction");
    const kept = () => Boolean(navigator.serviceWorker.controller) && document.documentElement.dataset.offline !== undefined;
    await page.waitForFunction(kept, null, PATIENCE);
    await server.stop();
    await assert.rejects(fetch(server.url), "the server is gone");
    await page.reload();
    await ready(page);
    assert.equal(difference(before, await pixels(page, "#prediction")), 0);
    await repaint(page, () => page.keyboard.press("ArrowLeft"));
  });
});
