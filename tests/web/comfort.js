// @ts-check
// What people meet who look at the page on other screens, with other settings, or press where they were not meant to. On the
// fake bindings.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { PATIENCE, PHONE, link, open, ready, repaint } from "./browser.js";
import { serve } from "./server.js";
import { stage } from "./staged.js";

/** @typedef {import("playwright-core").Page} Page */
const folder = mkdtempSync(join(tmpdir(), "gqn-staged-"));
/** @type {{ url: string, stop: () => Promise<void> }} */
let server;
before(async () => { server = await serve(stage(folder)); });
after(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true });
});

/** Opens the page on the fake bindings. @param {object} how @param {(page: Page) => Promise<void>} use */
const look = (how, use) => open({ url: server.url, hash: "#model=grid&seed=7&shown=0.1.2&noise=1", options: { reducedMotion: "reduce" }, ...how }, use);

test("captions stand beside or below one another, however wide the screen is", () => look({}, async (page) => {
  await page.locator("#spread", { hasText: /differ by/ }).waitFor(PATIENCE);
  for (const width of [320, 360, 560, 561, 600, 650, 730, 731, 880, 881, 950, 1060, 1061, 1280]) {
    await page.setViewportSize({ width, height: 860 });
    const found = await page.evaluate(() => {
      const parts = [...document.querySelectorAll(".looks figcaption :is(b, span), .looks .frame")].filter((part) => part.getClientRects().length);
      const boxes = parts.map((part) => {
        // Text may be wider than what it stands in.
        const range = document.createRange();
        range.selectNodeContents(part);
        const { left, right, top, bottom } = part.matches(".frame") ? part.getBoundingClientRect() : range.getBoundingClientRect();
        return { name: part.textContent?.trim().slice(0, 20) || part.className, left, right, top, bottom };
      });
      const over = (/** @type {any} */ a, /** @type {any} */ b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
      const overlapping = boxes.flatMap((a, at) => boxes.slice(at + 1).filter((b) => over(a, b)).map((b) => `${a.name} and ${b.name}`));
      const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
      return wide > 0 ? [...overlapping, `the page is ${wide} pixels too wide`] : overlapping;
    });
    assert.deepEqual(found, [], `${width} pixels wide`);
  }
}));

test("a telephone keeps the view in sight above the map, and shows both at once on its side", () => look({ viewport: PHONE }, async (page) => {
  const seen = () => page.evaluate(() => ["#prediction", "#map"].map((name) => {
    const { top, bottom, left, right } = /** @type {Element} */ (document.querySelector(name)).getBoundingClientRect();
    return top > -1 && left > -1 && bottom < innerHeight + 1 && right < innerWidth + 1;
  }));
  await page.locator("#map").evaluate((map) => map.scrollIntoView({ block: "end" }));
  assert.deepEqual(await seen(), [true, true], "the view stays while one is at the map");
  await page.setViewportSize({ width: PHONE.height, height: PHONE.width });
  await page.evaluate(() => scrollTo(0, 0));
  await page.locator(".stage").evaluate((stage) => stage.scrollIntoView());
  assert.deepEqual(await seen(), [true, true], "one screen holds both");
}));

test("a telephone's own sheet shares the link, and a sheet that was closed is no failure", () => look({
  viewport: PHONE,
  options: { reducedMotion: "reduce", isMobile: true },
  prepare: (page) => page.addInitScript(() => {
    Object.assign(window, { shared: [] });
    Object.assign(Navigator.prototype, {
      canShare: () => true,
      share: async (/** @type {any} */ what) => { /** @type {any} */ (window).shared.push(what); throw new DOMException("closed", "AbortError"); },
    });
  }),
}, async (page) => {
  await page.click("#share");
  await page.waitForFunction(() => /** @type {any} */ (window).shared.length === 1, null, PATIENCE);
  const [{ url, title }] = await page.evaluate(() => /** @type {any} */ (window).shared);
  assert.ok(url.includes("seed=7") && title.length > 0, `${title} ${url}`);
}));

test("nothing moves while a telephone loads the page", () => look({
  viewport: PHONE,
  prepare: (page) => page.addInitScript(() => {
    Object.assign(window, { shifts: [] });
    new PerformanceObserver((list) => {
      for (const entry of /** @type {any[]} */ (list.getEntries())) {
        const moved = entry.sources.map((/** @type {any} */ { node }) => `${node?.nodeName}#${node?.id}.${node?.className}`);
        /** @type {any} */ (window).shifts.push([entry.value, ...moved]);
      }
    }).observe({ type: "layout-shift", buffered: true });
  }),
}, async (page) => {
  await page.locator("#held", { hasText: /fill/ }).waitFor(PATIENCE);
  await page.locator("#spread", { hasText: /differ by/ }).waitFor(PATIENCE);
  const shifts = await page.evaluate(() => /** @type {any} */ (window).shifts);
  const sum = shifts.reduce((/** @type {number} */ sum, /** @type {[number]} */ [value]) => sum + value, 0);
  // Web Vitals call up to 0.1 good.
  assert.ok(sum < 0.02, `${sum}: ${JSON.stringify(shifts)}`);
}));

test("a click beside a dialog closes it, one in it does not", () => look({}, async (page) => {
  for (const [opener, dialog] of [["#keys", "#help"], ["#card-open", "#card"]]) {
    await page.click(opener);
    await page.locator(`${dialog} h2`).first().click();
    assert.ok(await page.locator(dialog).isVisible());
    await page.mouse.click(8, 8);
    await page.locator(dialog).waitFor({ state: "hidden", ...PATIENCE });
  }
}));

test("a scene that is none is refused with words, and the one before stays", () => look({}, async (page) => {
  for (const wrong of ["-1", "1e9", "abc", "1.5"]) {
    await page.fill("#seed", wrong);
    await page.press("#seed", "Enter");
    const message = page.locator("#messages .message", { hasText: `“${wrong}” is no scene` });
    await message.waitFor(PATIENCE);
    await message.getByRole("button", { name: "Put this message away" }).click();
    assert.equal(await page.inputValue("#seed"), "7");
    assert.equal((await link(page)).get("seed"), "7");
  }
  await repaint(page, async () => {
    await page.fill("#seed", "0042");
    await page.press("#seed", "Enter");
  });
  assert.equal((await link(page)).get("seed"), "42");
  await look({ hash: "#model=grid&seed=-1" }, async (other) => {
    await other.locator("#notice", { hasText: /“-1”.*none.*scene 111/ }).waitFor({ state: "attached", ...PATIENCE });
  });
}));

test("nobody is invited to add a picture that cannot be added", () => look({}, async (page) => {
  assert.match(await page.locator("#how-cameras").innerText(), /click an empty place/);
  await repaint(page, () => page.click("#counts [data-count='5']"));
  await page.locator("#how-cameras", { hasText: /five pictures at most/ }).waitFor(PATIENCE);
  assert.doesNotMatch(`${await page.locator("#how-cameras").innerText()} ${await page.locator("#map").getAttribute("aria-label")}`, /click/);
  assert.equal(await page.locator("#map").evaluate((map) => getComputedStyle(map).cursor), "default");
  await repaint(page, () => page.click("#strip .item:nth-child(2) .away"));
  await page.locator("#how-cameras", { hasText: /click an empty place/ }).waitFor(PATIENCE);
}));

test("the focus stays where one works", () => look({}, async (page) => {
  const focused = () => page.evaluate(() => `${document.activeElement?.id} ${document.activeElement?.getAttribute("class")} ${document.activeElement?.getAttribute("aria-label")}`);
  await page.focus("#strip .more");
  await repaint(page, () => page.keyboard.press("Enter"));
  assert.match(await focused(), / more /);
  await repaint(page, () => page.keyboard.press("Enter"));
  assert.match(await focused(), / shot .*picture 5/);
  await page.focus("#strip .item:nth-child(5) .away");
  await repaint(page, () => page.keyboard.press("Enter"));
  assert.match(await focused(), / away Take picture 4/);
  await page.locator("#map .context").nth(3).focus();
  await repaint(page, () => page.keyboard.press("Delete"));
  assert.match(await focused(), /camera context Picture 3/);
  await page.locator("#map .view").focus();
  await page.keyboard.press("Enter");
  assert.match(await focused(), /^painted /);
}));

test("arrow keys that move nothing scroll", () => look({ viewport: { width: 1280, height: 500 } }, async (page) => {
  // Rooms that are seen from a ring: up and down are nothing.
  for (const place of ["#painted", "#map .context", "body"]) {
    await page.evaluate(() => scrollTo(0, 0));
    if (place !== "body") await page.locator(place).first().focus();
    const before = await page.evaluate(() => scrollY);
    for (let press = 0; press < 4; press++) await page.keyboard.press("ArrowDown");
    await page.waitForFunction((before) => scrollY > before, before, PATIENCE);
  }
  await repaint(page, () => page.keyboard.press("ArrowLeft"));
}));

test("what is pressed is seen in forced colours", () => look({ options: { forcedColors: "active", reducedMotion: "reduce" } }, async (page) => {
  const ground = (/** @type {string} */ button) => page.locator(button).evaluate((node) => getComputedStyle(node).backgroundColor);
  for (const [pressed, other] of [["#sample", "#mean"], ["#counts [aria-pressed=true]", "#counts [aria-pressed=false]"], ["#holds", "#pixels"]]) {
    assert.notEqual(await ground(pressed), await page.locator(other).first().evaluate((node) => getComputedStyle(node).backgroundColor), pressed);
  }
  assert.notEqual(await ground(".shown-dot"), await ground(".view-dot"));
}));

test("what is pressed is large enough", () => look({ viewport: PHONE }, async (page) => {
  await page.setInputFiles("#open-files", { name: "a.txt", mimeType: "text/plain", buffer: Buffer.from("a") });
  await page.locator("#messages .message").waitFor(PATIENCE);
  const small = await page.evaluate(() => [...document.querySelectorAll("button, .button, select, summary")].filter((node) => {
    const { width, height } = node.getBoundingClientRect();
    return width > 0 && (width < 24 || height < 24);
  }).map((node) => node.outerHTML));
  assert.deepEqual(small, []);
}));

test("without scripts the page says what it is for", () => open({
  url: server.url, options: { javaScriptEnabled: false }, wait: false,
}, async (page) => {
  assert.match(await page.locator("noscript, .off").first().innerText(), /scripts are switched off/);
}));

/** Opens the page where it cannot work, and gives its words. @param {(page: Page) => Promise<unknown>} hinder */
async function words(hinder) {
  let text = "";
  await look({ options: { serviceWorkers: "block" } }, async (page) => {
    const other = await page.context().newPage();
    await hinder(other);
    await other.goto(`${server.url}?anew#seed=7`);
    await other.locator("#messages .message").waitFor(PATIENCE);
    text = await other.locator("#messages").innerText();
    assert.ok(await other.locator("#progress.stopped").isVisible());
  });
  return text;
}

test("where WebAssembly is switched off, the page says so", async () => {
  assert.match(await words((page) => page.addInitScript(() => { delete (/** @type {any} */ (window)).WebAssembly; })), /WebAssembly is switched off[^]*allow it/);
});

for (const file of ["models.json", "app/wasm/gqn_bg.wasm", "models/grid/manifest.json", "app/src/page/main.js", "app/src/page/look.js"]) {
  test(`a web page in the place of ${file} is told as such`, async () => {
    const page = { status: 200, contentType: "text/html", body: "<!doctype html><title>Sign in</title>" };
    assert.match(await words((other) => other.route(`**/${file}`, (route) => route.fulfill(page))), /what came is a web page|something else came in its place/);
  });
}

test("a page in the place of JSON is recognised whatever it is called", async () => {
  const page = { status: 200, contentType: "application/json", body: "<html>Sign in" };
  assert.match(await words((other) => other.route("**/models.json", (route) => route.fulfill(page))), /a web page, not the file[^]*sign in/);
});

test("the page goes on where it was when a message is put away", () => look({}, async (page) => {
  await page.setInputFiles("#open-files", { name: "views.json", mimeType: "text/plain", buffer: Buffer.from('{"format":1,"views":[{"picture":"gone.png","position":[0,0,0],"yaw":0,"pitch":0}]}') });
  const message = page.locator("#messages .message");
  await message.waitFor(PATIENCE);
  assert.ok(await page.locator("#form pre").isHidden());
  await message.getByRole("button", { name: "What a views.json says" }).click();
  assert.ok(await page.locator("#form pre").isVisible());
  assert.match(await page.locator("#form pre").innerText(), /"format": 1/);
  await message.getByRole("button", { name: "Put this message away" }).click();
  assert.equal(await page.evaluate(() => document.activeElement?.id), "painted");
  await ready(page);
}));
