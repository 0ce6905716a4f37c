// @ts-check
// Models that the page treats in a way of their own: weights of the generation phase, and cameras that no world has. On the
// fake bindings.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { PATIENCE, open, ready } from "./browser.js";
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

/** @param {Page} page @param {boolean} mean */
const shows = (page, mean) => page.locator(`#mean[aria-pressed='${mean}']`).waitFor(PATIENCE);

/** @param {Page} page @param {string} name */
const choose = (page, name) => page.selectOption("#model", name);

test("a model of the generation phase begins with the mean picture", () => open({ url: server.url, hash: "#model=early" }, async (page) => {
  await shows(page, true);
  await choose(page, "grid");
  await shows(page, false);
  await choose(page, "early");
  await shows(page, true);
  await page.click("#sample");
  await shows(page, false);
}));

test("a link says which picture it wants", () => open({ url: server.url, hash: "#model=early&mean=0" }, async (page) => {
  await shows(page, false);
}));

test("what the user chose stays with another model", () => open({ url: server.url, hash: "#model=grid&mean=1" }, async (page) => {
  await choose(page, "early");
  await choose(page, "tower");
  await page.locator("#figures", { hasText: "paper" }).waitFor(PATIENCE);
  await shows(page, true);
}));

test("of two models the one that was chosen last stays, whichever comes first", () => open({ url: server.url, hash: "#model=grid" }, async (page) => {
  await page.route("**/models/early/**", async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await route.continue();
  });
  const late = page.waitForResponse("**/models/early/**");
  await choose(page, "early");
  await choose(page, "tower");
  await page.locator("#figures", { hasText: "paper" }).waitFor(PATIENCE);
  await late;
  // As long as another needs to be opened.
  await page.waitForTimeout(1000);
  assert.match(await page.locator("#figures").innerText(), /paper/);
  assert.equal(await page.locator("#model").inputValue(), "tower");
  assert.match(page.url(), /model=tower/);
}));

test("another model is opened although the one before gives no answer", () => open({ url: server.url, hash: "#model=grid" }, async (page) => {
  for (const silent of ["endless", "mute"]) {
    await choose(page, silent);
    await page.waitForTimeout(1000);
    await choose(page, "tower");
    await page.locator("#figures", { hasText: "paper" }).waitFor(PATIENCE);
    await ready(page);
    await choose(page, "grid");
    await page.locator("#figures", { hasText: "cells" }).waitFor(PATIENCE);
    await ready(page);
  }
  assert.equal(await page.locator("#messages .message").count(), 0);
}));

test("rendered scenes are not shown to a model of other cameras", () => open({ url: server.url, hash: "#model=grid" }, async (page) => {
  await choose(page, "wide");
  const message = page.locator("#messages .message").first();
  await message.waitFor(PATIENCE);
  assert.match(await message.innerText(), /rendered scenes/);
  assert.equal(await page.locator("#model").inputValue(), "grid");
}));
