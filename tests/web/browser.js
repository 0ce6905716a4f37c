// @ts-check
// The built page in a browser, and what tests do with it.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before } from "node:test";
import { dist, root } from "./built.js";
import { serve } from "./server.js";

export { difference, dist, exported, gqnRun, manifest, model, models, packageFolder } from "./built.js";

const require = createRequire(join(root, "web-demo/package.json"));

/** The auditor of accessibility, as a script for the page. */
export const axe = require.resolve("axe-core");
export const DESKTOP = { width: 1280, height: 860 };
export const PHONE = { width: 390, height: 844 };
/** A machine that builds beside the tests is slow; what is waited for comes or never comes. */
export const PATIENCE = { timeout: 90_000 };
/** A scene that does not walk around by itself. */
export const SCENE = "#world=rooms-ring-camera&seed=7&shown=0.1.2&noise=1&pixels=1";

// Debian's Chromium, started so that it asks nobody for anything.
const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];

/** @typedef {import("playwright-core").Page} Page */
/** @type {import("playwright-core").Browser} */
let browser;
/** @type {{ url: string, stop: () => Promise<void> }} */
let server;

before(async () => {
  const { chromium } = require("playwright-core");
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });
  server = await serve(dist);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/**
 * Opens the page, waits for its first picture, lets `use` work with it, and sees that nothing was complained about in
 * the console and that nothing was asked of anyone but the server. A page that paints nothing is not waited for (`wait`).
 * @param {{ hash?: string, viewport?: { width: number, height: number }, url?: string, prepare?: (page: Page) => Promise<void>, options?: object, wait?: boolean, asks?: string[] }} how `asks` other servers that it may ask, and that may refuse
 * @param {(page: Page, url: string) => Promise<void>} use
 */
export async function open({ hash = SCENE, viewport = DESKTOP, url = server.url, prepare, options, wait = true, asks = [] }, use) {
  const context = await browser.newContext({ viewport, hasTouch: viewport === PHONE, ...options });
  /** @type {string[]} */
  const complaints = [];
  try {
    const page = await context.newPage();
    page.on("console", (message) => { if (message.type() === "error" && !asks.some((origin) => message.location().url.startsWith(origin))) complaints.push(message.text()); });
    page.on("pageerror", (error) => { complaints.push(error.message); });
    page.on("request", (request) => {
      if (![url, ...asks].some((origin) => request.url().startsWith(origin)) && !/^(blob|data):/.test(request.url())) complaints.push(`asked for ${request.url()}`);
    });
    await prepare?.(page);
    await page.goto(url + hash);
    if (wait) await ready(page);
    await use(page, url);
    assert.deepEqual(complaints, []);
  } finally {
    await context.close();
  }
}

/** Waits for the first picture. @param {Page} page */
export async function ready(page) {
  await page.waitForFunction(() => document.documentElement.dataset.ready !== undefined, null, PATIENCE);
  await rest(page);
}

/** Waits until the picture of where one looks is there, and another than `before`. @param {Page} page @param {string} [before] */
export async function rest(page, before) {
  const settled = (/** @type {string | undefined} */ before) => {
    const { key, rest } = /** @type {HTMLElement} */ (document.querySelector("#prediction")).dataset;
    return key !== undefined && key === rest && key !== before;
  };
  await page.waitForFunction(settled, before, PATIENCE);
}

/** Does something that makes another picture, and waits for it. @param {Page} page @param {() => Promise<unknown>} act */
export async function repaint(page, act) {
  const before = await page.locator("#prediction").getAttribute("data-key");
  await act();
  await rest(page, before ?? undefined);
}

/** The pixels of a canvas, RGBA. @param {Page} page @param {string} selector @returns {Promise<number[]>} */
export function pixels(page, selector) {
  return page.evaluate((selector) => {
    const canvas = /** @type {HTMLCanvasElement} */ (document.querySelector(selector));
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    return [...context.getImageData(0, 0, canvas.width, canvas.height).data];
  }, selector);
}

/** What the page's link says. @param {Page} page */
export async function link(page) {
  return new URLSearchParams(await page.evaluate(() => location.hash.slice(1)));
}

/** The camera of the link, as numbers. @param {Page} page */
export async function camera(page) {
  const text = (await link(page)).get("at") ?? "";
  const bytes = Uint8Array.from(Buffer.from(text, "base64url"));
  return [...new Float32Array(bytes.buffer)];
}

/** The camera, when the link has caught up with the picture on show. @param {Page} page */
export async function here(page) {
  await rest(page);
  await page.waitForFunction(() => {
    const { key } = /** @type {HTMLElement} */ (document.querySelector("#prediction")).dataset;
    const text = new URLSearchParams(location.hash.slice(1)).get("at") ?? "";
    const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (byte) => byte.charCodeAt(0));
    return key?.endsWith(`|${Array.from(new Float32Array(bytes.buffer), (value) => value.toFixed(4)).join()}`);
  }, null, PATIENCE);
  return camera(page);
}
