// @ts-check
// For everyone: names, contrast, focus, and a policy that holds.
import assert from "node:assert/strict";
import { test } from "node:test";
import { DESKTOP, PHONE, axe, open, ready } from "./browser.js";

/** WCAG 2.2, level AA, for text of ordinary size. */
const CONTRAST = 4.5;

test("every control has a name, and the keys are explained", () => open({}, async (page) => {
  const nameless = await page.evaluate(() => [...document.querySelectorAll("button, input, select, [tabindex]")].filter((node) => {
    const labels = /** @type {HTMLInputElement} */ (node).labels;
    return !(node.getAttribute("aria-label") || node.textContent?.trim() || (labels && labels.length));
  }).map((node) => node.outerHTML));
  assert.deepEqual(nameless, []);
  await page.keyboard.press("?");
  assert.ok(await page.locator("#help").isVisible());
  await page.keyboard.press("Escape");
  assert.ok(await page.locator("#help").isHidden());
  await page.keyboard.press("Tab");
  assert.notEqual(await page.evaluate(() => document.activeElement?.tagName), "BODY");
}));

/** What it takes to run the auditor, whose script the policy would keep out. */
const AUDITED = { bypassCSP: true, reducedMotion: "reduce" };

for (const [viewport, colorScheme] of /** @type {[typeof PHONE, string][]} */ ([[DESKTOP, "light"], [PHONE, "dark"]])) {
  test(`axe finds nothing (${viewport.width} wide, ${colorScheme})`, () => open({ viewport, options: { ...AUDITED, colorScheme } }, async (page) => {
    await page.addScriptTag({ path: axe });
    const audit = async () => {
      const { violations } = await page.evaluate(() => /** @type {any} */ (window).axe.run());
      return violations.map((/** @type {any} */ { id, nodes }) => [id, ...nodes.map((/** @type {any} */ { html }) => html)]);
    };
    assert.deepEqual(await audit(), []);
    for (const [opener, dialog] of [["#keys", "#help"], ["#card-open", "#card"]]) {
      await page.click(opener);
      await page.locator(dialog).waitFor();
      assert.deepEqual(await audit(), []);
      await page.keyboard.press("Escape");
    }
    await page.evaluate(() => document.querySelector("#share")?.replaceChildren());
    assert.match(JSON.stringify(await audit()), /button-name/, "a nameless button would have been found");
  }));
}

for (const colorScheme of ["light", "dark"]) {
  test(`text stands out (${colorScheme})`, () => open({ options: { colorScheme } }, async (page) => {
    const weak = await page.evaluate((least) => {
      const style = getComputedStyle(document.documentElement);
      const luminance = (/** @type {string} */ name) => {
        const hex = style.getPropertyValue(name).trim();
        const [red, green, blue] = [1, 3, 5].map((at) => {
          const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
          return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
      };
      const pairs = ["--ink", "--soft", "--view", "--shown", "--bad"].flatMap((ink) => ["--paper", "--card", "--sunk"].map((ground) => [ink, ground]));
      return [...pairs, ["--on-fill", "--shown-fill"], ["--paper", "--ink"]].map(([ink, ground]) => {
        const [dark, light] = [luminance(ink), luminance(ground)].sort((a, b) => a - b);
        return { ink, ground, ratio: (light + 0.05) / (dark + 0.05) };
      }).filter(({ ratio }) => !(ratio >= least));
    }, CONTRAST);
    assert.deepEqual(weak, []);
  }));
}

test("the page runs under its policy, and the policy holds", () => open({}, async (page) => {
  const policy = await page.locator("meta[http-equiv='Content-Security-Policy']").getAttribute("content");
  assert.match(policy ?? "", /default-src 'none'/);
  assert.doesNotMatch(policy ?? "", /unsafe-(inline|eval)'(?<!wasm-unsafe-eval')/);
  const refused = await page.evaluate(() => new Promise((resolve) => {
    document.addEventListener("securitypolicyviolation", (event) => { event.preventDefault(); resolve(event.effectiveDirective); });
    const script = document.createElement("script");
    script.textContent = "window.intruder = true";
    document.head.append(script);
  })).catch(String);
  assert.match(String(refused), /script-src/);
  assert.equal(await page.evaluate(() => "intruder" in window), false);
  const styled = await page.evaluate(() => new Promise((resolve) => {
    document.addEventListener("securitypolicyviolation", (event) => resolve(event.effectiveDirective));
    const style = document.createElement("style");
    style.textContent = "body { display: none }";
    document.head.append(style);
  }));
  assert.match(String(styled), /style-src/);
  assert.notEqual(await page.evaluate(() => getComputedStyle(document.body).display), "none");
  assert.equal(await page.evaluate(() => document.cookie), "");
  await ready(page);
}).catch((error) => {
  // The browser itself complains of the two intruders; of nothing else.
  const complaints = /** @type {string[]} */ (error.actual ?? []);
  if (!(complaints.length === 2 && complaints.every((text) => /Content Security Policy/.test(text)))) throw error;
}));
