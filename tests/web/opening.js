// @ts-check
// Until the first picture: what the phases say, when the page loads and when another package is opened.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { PATIENCE, dist, exported, manifest, model, models, open, pixels, rest } from "./browser.js";
import { zip } from "./zip.js";

/** @typedef {import("playwright-core").Page} Page @typedef {{ phase: string, done: boolean, text: string }} Word */

/** Notes what the phases say, whenever that changes. @param {Page} page */
async function listen(page) {
  await page.addInitScript(() => {
    /** @type {Word[]} */
    const said = [];
    Object.assign(window, { said });
    new MutationObserver(() => {
      for (const item of document.querySelectorAll("#progress .now, #progress .done")) {
        const word = { phase: item.getAttribute("data-phase") ?? "", done: item.classList.contains("done"), text: item.querySelector("output")?.textContent ?? "" };
        const last = said.findLast(({ phase }) => phase === word.phase);
        if (JSON.stringify(last) !== JSON.stringify(word)) said.push(word);
      }
    }).observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
  });
}

/** The order in which the phases were over. @param {Word[]} said */
const over = (said) => said.filter(({ done }) => done).map(({ phase }) => phase);

/** @param {Page} page @returns {Promise<Word[]>} */
const said = (page) => page.evaluate(() => /** @type {any} */ (window).said);

/** As the page writes it. @param {number} bytes */
const size = (bytes) => (bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} kB` : `${(bytes / 1e6).toFixed(1)} MB`);

/** What a package's manifest says that there is to fetch: all but the sample. @param {any} manifest */
const weight = (manifest) => Object.entries(manifest.files).reduce((sum, /** @type {any} */ [name, { bytes }]) => (name === "sample.safetensors" ? sum : sum + bytes), 0);

test("the phases are told one after another, with the manifest's sizes", () => open({ prepare: listen }, async (page) => {
  const words = await said(page);
  assert.deepEqual(over(words), ["download", "prepare", "picture"]);
  const { wasm_bytes: engine } = JSON.parse(readFileSync(join(dist, "models.json"), "utf8"));
  const whole = size(engine + weight(manifest));
  const downloads = words.filter(({ phase }) => phase === "download").map(({ text }) => text);
  assert.ok(downloads.some((text) => text.endsWith(`of ${whole}`)), `${downloads.at(-2)}, expected … of ${whole}`);
  assert.equal(downloads.at(-1), whole);
  assert.match(words.filter(({ phase }) => phase === "prepare").at(-1)?.text ?? "", /^\d+\.\d s$/);
  await page.locator("#progress").waitFor({ state: "hidden", ...PATIENCE });
}));

test("another model goes through the phases without loading the page anew", () => open({ prepare: listen }, async (page) => {
  const before = (await said(page)).length;
  await page.evaluate(() => { /** @type {any} */ (window).same = true; });
  await page.selectOption("#model", "micro");
  await page.waitForFunction(() => location.hash.includes("model=micro"), null, PATIENCE);
  await page.waitForFunction(() => document.documentElement.dataset.ready !== undefined, null, PATIENCE);
  await rest(page);
  assert.equal(await page.evaluate(() => /** @type {any} */ (window).same), true);
  const words = (await said(page)).slice(before);
  assert.deepEqual(over(words), ["download", "prepare", "picture"]);
  const micro = JSON.parse(exported("micro")["manifest.json"].toString());
  assert.equal(words.filter(({ phase, done }) => phase === "download" && done).at(-1)?.text, size(weight(micro)));
  const { image_size: side } = models.find((/** @type {{ name: string }} */ { name }) => name === "micro");
  assert.equal((await pixels(page, "#prediction")).length, 4 * side * side);
}));

test("a package of one's own goes through them too, and a bad one leaves the picture", () => open({ prepare: listen }, async (page) => {
  const choose = (/** @type {Buffer} */ buffer) => page.setInputFiles("#open-files", { name: "mine.zip", mimeType: "application/zip", buffer });
  const heard = (await said(page)).length;
  await choose(zip(exported(model.name)));
  await page.waitForFunction(() => /mine\.zip/.test(document.querySelector("#offline")?.textContent ?? ""), null, PATIENCE);
  assert.deepEqual(over((await said(page)).slice(heard)), ["download", "prepare", "picture"]);
  const before = await pixels(page, "#prediction");
  await choose(Buffer.from("no zip"));
  await page.locator("#messages .message").waitFor(PATIENCE);
  await page.locator("#progress").waitFor({ state: "hidden", ...PATIENCE });
  assert.deepEqual(await pixels(page, "#prediction"), before);
}));

test("a page that cannot load says so, and does not pretend to go on", () => open({ options: { serviceWorkers: "block" } }, async (page, url) => {
  const other = await page.context().newPage();
  await other.route("**/generator.onnx*", (route) => route.fulfill({ status: 503, body: "busy" }));
  await other.goto(`${url}?anew#seed=7`);
  await other.locator("#messages .message").waitFor(PATIENCE);
  assert.match(await other.locator("#messages").innerText(), /generator\.onnx.*503/);
  assert.ok(await other.locator("#progress.stopped").isVisible());
}));
