// @ts-check
// How long a first visit takes until the first picture and until the better model paints, on a slow device and on a slow network,
// and what Lighthouse says:
// `node tests/web/first-load.js [--rounds N] [--lighthouse FOLDER] [--json FILE]`, on the page in `GQN_DIST`.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { pathToFileURL } from "node:url";
import { dist, root } from "./built.js";
import { serve } from "./server.js";

/** Of Lighthouse and DevTools: bytes a second (1.6 Mbit down, 750 kbit up) and milliseconds. */
const SLOW_4G = { offline: false, latency: 150, downloadThroughput: 200_000, uploadThroughput: 93_750 };
/** @type {[string, { slower?: number, network?: typeof SLOW_4G }][]} */
const CONDITIONS = [["this machine", {}], ["processor 4 times slower", { slower: 4 }], ["slow 4G", { network: SLOW_4G }]];
/** Nothing takes longer, in milliseconds. */
const TIMEOUT = 120_000;
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

const { values: flags } = parseArgs({ options: { rounds: { type: "string", default: "5" }, lighthouse: { type: "string" }, json: { type: "string" } } });
const { chromium } = createRequire(join(root, "web-demo/package.json"))("playwright-core");
const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";

/** A first visit: nothing is cached. @param {import("playwright-core").Browser} browser @param {string} url
 * @param {{ slower?: number, network?: typeof SLOW_4G }} condition @returns {Promise<number[]>} milliseconds to the first picture,
 * and to that of the better model, if another one painted before it */
async function visit(browser, url, { slower, network }) {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 } });
  try {
    const page = await context.newPage();
    const session = await context.newCDPSession(page);
    await session.send("Network.enable");
    if (network) await session.send("Network.emulateNetworkConditions", network);
    if (slower) await session.send("Emulation.setCPUThrottlingRate", { rate: slower });
    await page.addInitScript(() => {
      const times = /** @type {any} */ (window).times = /** @type {Record<string, number>} */ ({});
      new MutationObserver(() => {
        for (const what of ["painted", "ready"]) if (what in document.documentElement.dataset) times[what] ??= performance.now();
      }).observe(document, { subtree: true, attributes: true, attributeFilter: ["data-painted", "data-ready"] });
    });
    await page.goto(url, { waitUntil: "commit" });
    await page.waitForFunction(() => /** @type {any} */ (window).times.ready, null, { timeout: TIMEOUT });
    return await page.evaluate(() => ["painted", "ready"].map((what) => Math.round(/** @type {any} */ (window).times[what])));
  } finally {
    await context.close();
  }
}

/** The four categories. @param {string} folder in which Lighthouse is installed @param {string} url @param {"mobile" | "desktop"} device */
async function lighthouse(folder, url, device) {
  const profile = mkdtempSync(join(tmpdir(), "gqn-lighthouse-"));
  const context = await chromium.launchPersistentContext(profile, { executablePath, args: [...FLAGS, "--remote-debugging-port=0"] });
  try {
    const port = Number(readFileSync(join(profile, "DevToolsActivePort"), "utf8").split("\n")[0]);
    const part = (/** @type {string} */ name) => import(pathToFileURL(join(folder, "node_modules/lighthouse", name)).href);
    const { default: run } = await part("core/index.js");
    const config = device === "desktop" ? (await part("core/config/desktop-config.js")).default : undefined;
    const { lhr } = await run(url, { port, logLevel: "error" }, config);
    const lost = Object.values(lhr.categories).flatMap(({ id, auditRefs }) => auditRefs
      .filter((/** @type {any} */ { id, weight }) => weight && (lhr.audits[id].score ?? 1) < 0.9)
      .map((/** @type {any} */ audit) => `${id}: ${audit.id} ${lhr.audits[audit.id].displayValue ?? ""}`));
    const scores = Object.fromEntries(Object.values(lhr.categories).map(({ id, score }) => [id, Math.round(100 * score)]));
    return { device, ...scores, lost };
  } finally {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  }
}

const server = await serve(dist, {}, { brotli: true });
const browser = await chromium.launch({ executablePath, args: FLAGS });
/** @type {any} */
const found = { machine: `${cpus().length} × ${cpus()[0].model}`, load_before: loadavg().map((load) => load.toFixed(1)), first_picture_ms: {}, lighthouse: [] };
try {
  // What is read for the first time is compressed then.
  await visit(browser, server.url, {});
  for (const [name, condition] of CONDITIONS) {
    const times = [];
    for (let round = 0; round < Number(flags.rounds); round++) times.push(await visit(browser, server.url, condition));
    const median = (/** @type {number} */ which) => times.map((time) => time[which]).toSorted((a, b) => a - b)[times.length >> 1];
    const [first, better] = [median(0), median(1)];
    found.first_picture_ms[name] = { first, better, times };
    console.log(`${name}: first picture after ${first} ms, the better model's after ${better} ms (${times.map((time) => time.join("/")).join(", ")})`);
  }
  await browser.close();
  for (const device of flags.lighthouse ? /** @type {const} */ (["mobile", "desktop"]) : []) {
    const scores = await lighthouse(String(flags.lighthouse), server.url, device).catch((error) => ({ device, failed: error.message }));
    found.lighthouse.push(scores);
    console.log(JSON.stringify(scores));
  }
} finally {
  await browser.close();
  await server.stop();
}
found.load_after = loadavg().map((load) => load.toFixed(1));
console.log(`load before ${found.load_before.join(" ")}, after ${found.load_after.join(" ")}`);
if (flags.json) writeFileSync(flags.json, `${JSON.stringify(found, null, 2)}\n`);
