// @ts-check
// The models on offer: their figures, their cards, and changing from one to another.
import assert from "node:assert/strict";
import { test } from "node:test";
import { PATIENCE, models, open, ready } from "./browser.js";

test("models are offered with their figures, and another one paints", () => open({}, async (page) => {
  const offered = await page.locator("#model option").evaluateAll((options) => options.map((option) => /** @type {HTMLOptionElement} */ (option).value));
  assert.deepEqual(offered, models.map((/** @type {{ name: string }} */ { name }) => name));
  const figures = await page.locator("#figures").innerText();
  assert.match(figures, /Rooms, seen from a ring/);
  assert.match(figures, new RegExp(`${models[0].step.toLocaleString("en")} steps`));
  await page.click("#card-open");
  const card = page.locator("#card-text");
  assert.match(await card.locator("h3").first().innerText(), /^Generative Query Network/);
  assert.match(await card.locator("td", { hasText: /^training steps$/ }).locator("xpath=following-sibling::td").innerText(), new RegExp(`^${models[0].step}$`));
  assert.doesNotMatch(await card.innerText(), /^(---|#|\|)|```/m, "the card is set, not quoted");
  await page.keyboard.press("Escape");
  const micro = models.find((/** @type {{ name: string }} */ { name }) => name === "micro");
  await page.selectOption("#model", "micro");
  await page.waitForFunction(() => location.hash.includes("model=micro"), null, PATIENCE);
  await page.waitForFunction((side) => document.querySelector("#figures")?.textContent?.includes(`${side}×${side}`), micro.image_size, PATIENCE);
  await ready(page);
}));

test("a world that a model never saw is named", () => open({}, async (page) => {
  assert.equal(await page.locator("#stranger").innerText(), "");
  await page.selectOption("#world", "shepard-metzler-5");
  await page.waitForFunction(() => /never trained on such scenes.*Rooms, seen from a ring/.test(document.querySelector("#stranger")?.textContent ?? ""), null, PATIENCE);
}));
