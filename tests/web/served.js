// @ts-check
// The page as a client of `gqn-run serve`: what it paints there is what the built-in engine paints here, and what goes wrong is told
// with a way back.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { PATIENCE, SCENE, difference, dist, gqnRun, here, link, open, packageFolder, pixels, repaint, rest } from "./browser.js";
import { serve } from "./server.js";

/** @typedef {import("playwright-core").Page} Page @typedef {{ origin: string, stop: () => void, log: string[] }} Started */

/** Of 255, in a channel: rounding in two engines. */
const TOLERANCE = 2;
const TOKEN = "a-token-of-this-test";
const folder = mkdtempSync(join(tmpdir(), "gqn-served-"));
/** The page, and the same built for the servers of this test. @type {{ url: string, stop: () => Promise<void> }} */
let page;
/** @type {Started} */
let plain;
/** @type {Started} */
let guarded;
/** @type {Started} */
let mortal;
/** One that answers as it is told. @type {{ origin: string, stop: () => void, answer: (path: string) => { status: number, body?: object } }} */
let fake;

before(async () => {
  cpSync(dist, folder, { recursive: true });
  page = await serve(folder);
  const origin = new URL(page.url).origin;
  [plain, guarded, mortal, fake] = await Promise.all([started(origin), started(origin, TOKEN), started(origin), pretended(origin)]);
  // What `cargo xtask web --server ORIGIN` writes.
  const servers = [plain, guarded, mortal, fake].map(({ origin }) => origin);
  const index = join(folder, "index.html");
  writeFileSync(index, readFileSync(index, "utf8").replace("connect-src 'self'", `connect-src 'self' ${servers.join(" ")}`));
  const offer = join(folder, "models.json");
  writeFileSync(offer, JSON.stringify({ ...JSON.parse(readFileSync(offer, "utf8")), servers }));
});
after(async () => {
  for (const server of [plain, guarded, mortal, fake]) server?.stop();
  await page?.stop();
  rmSync(folder, { recursive: true });
});

/** Starts `gqn-run serve` for pages of an origin. @param {string} origin @param {string} [token] @returns {Promise<Started>} */
async function started(origin, token) {
  const env = { ...process.env, ...(token ? { GQN_TOKEN: token } : {}) };
  const child = spawn(gqnRun, ["serve", packageFolder, "--listen", "127.0.0.1:0", "--allow-origin", origin, "--provider", "cpu", "--threads", "1"], { env, stdio: ["ignore", "ignore", "pipe"] });
  /** @type {string[]} */
  const log = [];
  const address = await new Promise((resolve, reject) => {
    child.on("exit", () => reject(new Error(log.join("\n"))));
    createInterface({ input: child.stderr }).on("line", (line) => {
      log.push(line);
      if (line.includes('"listening"')) resolve(JSON.parse(line).address);
    });
  });
  return { origin: `http://${address}`, stop: () => child.kill(), log };
}

/** @param {string} origin @returns {Promise<typeof fake>} */
function pretended(origin) {
  return new Promise((resolve) => {
    const server = createServer((request, response) => {
      const { status, body } = request.method === "GET" || request.method === "POST" ? it.answer(request.url ?? "") : { status: 204 };
      response.writeHead(status, { "access-control-allow-origin": origin, "access-control-allow-methods": "DELETE", "access-control-expose-headers": "retry-after", "retry-after": "0", "content-type": "application/json" }).end(JSON.stringify(body ?? {}));
    });
    /** @type {typeof fake} */
    const it = { origin: "", stop: () => { server.close(); server.closeAllConnections(); }, answer: () => ({ status: 503, body: { error: "loading" } }) };
    server.listen(0, "127.0.0.1", () => {
      it.origin = `http://127.0.0.1:${/** @type {import("node:net").AddressInfo} */ (server.address()).port}`;
      resolve(it);
    });
  });
}

/** Opens the page that may ask the servers; requests to them, and what the console says of refused ones, are no complaints here.
 * @param {string} hash @param {(page: Page) => Promise<void>} use */
const look = (hash, use) => open({ url: page.url, hash, options: { serviceWorkers: "block" }, asks: [plain, guarded, mortal, fake].map(({ origin }) => origin) }, use);

/** @param {Page} page @param {RegExp} words */
const message = (page, words) => page.locator("#messages .message", { hasText: words });

test(`a server paints within ${TOLERANCE}/255 of the built-in engine, and the page says that it does`, () => look(`${SCENE}&engine=${plain.origin}`, async (page) => {
  const host = new URL(plain.origin).host;
  assert.match(await page.locator("#n-engine").innerText(), new RegExp(`^gqn-run .* on ${host}: ONNX Runtime`));
  assert.match(await page.locator("#offline").innerText(), new RegExp(`Painted by ${host}: pictures and cameras go there`));
  assert.equal(await page.locator("#engine").inputValue(), plain.origin);
  const fetched = await page.evaluate(() => performance.getEntriesByType("resource").map(({ name }) => name));
  assert.ok(!fetched.some((name) => name.includes(".onnx")), "no package is fetched");
  await page.locator("#spread", { hasText: /differ by/ }).waitFor(PATIENCE);
  await repaint(page, () => page.keyboard.press("ArrowLeft"));
  const guess = await pixels(page, "#prediction");
  const at = await here(page);
  await repaint(page, () => page.keyboard.press("m"));
  const mean = await pixels(page, "#prediction");
  await repaint(page, () => page.click("#counts [data-count='1']"));
  const one = await pixels(page, "#prediction");
  assert.equal((await link(page)).get("engine"), plain.origin);
  // The same views, here.
  await page.selectOption("#engine", "");
  await page.locator("#n-engine", { hasText: /built-in engine/ }).waitFor(PATIENCE);
  await rest(page);
  assert.deepEqual(await here(page), at);
  assert.match(await page.locator("#offline").innerText(), /Nothing leaves it/);
  assert.ok(difference(one, await pixels(page, "#prediction")) <= TOLERANCE, "one picture");
  await repaint(page, () => page.click("#counts [data-count='3']"));
  assert.ok(difference(mean, await pixels(page, "#prediction")) <= TOLERANCE, "the mean picture");
  await repaint(page, () => page.keyboard.press("m"));
  assert.ok(difference(guess, await pixels(page, "#prediction")) <= TOLERANCE, "a guess");
  assert.ok(plain.log.some((line) => line.includes("DELETE")), "scenes are closed there");
}));

test("a token that is missing is asked for, and one that is entered is used", () => look(`${SCENE}&engine=${guarded.origin}`, async (page) => {
  await message(page, /asks for a token/).waitFor(PATIENCE);
  assert.match(await page.locator("#n-engine").innerText(), /built-in engine/, "this tab paints meanwhile");
  await page.fill("#token", "wrong");
  await page.press("#token", "Enter");
  await page.locator("#token").blur();
  await message(page, /refuses the token/).waitFor(PATIENCE);
  await page.fill("#token", TOKEN);
  await page.locator("#token").blur();
  await page.locator("#n-engine", { hasText: new URL(guarded.origin).host }).waitFor(PATIENCE);
  await rest(page);
  assert.ok(!(await page.evaluate(() => location.href)).includes(TOKEN));
}));

test("a server that is busy or not ready, or fails, is told in a line, and this tab paints", () => look(`${SCENE}&engine=${fake.origin}`, async (page) => {
  const here = () => page.locator("#n-engine", { hasText: /built-in engine/ }).waitFor(PATIENCE);
  await message(page, /is not ready \(503\): loading/).waitFor(PATIENCE);
  await here();
  fake.answer = () => ({ status: 429, body: { error: "the queue is full" } });
  await page.selectOption("#engine", fake.origin);
  await message(page, /too much to do \(429\): the queue is full/).waitFor(PATIENCE);
  await here();
  // One that opens, and cannot paint.
  const manifest = JSON.parse(readFileSync(join(packageFolder, "manifest.json"), "utf8"));
  fake.answer = (path) => (path === "/v2" ? { status: 200, body: { version: "0", engine: {}, manifest } } : path === "/scenes" ? { status: 201, body: { id: "a" } } : { status: 500, body: { error: "the engine failed" } });
  await page.selectOption("#engine", fake.origin);
  await message(page, /answered 500: the engine failed/).waitFor(PATIENCE);
  await here();
  // The link is written a moment after the picture.
  await page.waitForFunction(() => !location.hash.includes("engine="), null, PATIENCE);
}));

test("when a server is gone, a line says so and leads back to this tab", () => look(`${SCENE}&engine=${mortal.origin}`, async (page) => {
  await page.locator("#n-engine", { hasText: new URL(mortal.origin).host }).waitFor(PATIENCE);
  mortal.stop();
  await page.keyboard.press("ArrowLeft");
  const gone = message(page, /does not answer[^]*--allow-origin/);
  await gone.waitFor(PATIENCE);
  await gone.getByRole("button", { name: "Paint in this tab" }).click();
  await page.locator("#n-engine", { hasText: /built-in engine/ }).waitFor(PATIENCE);
  await rest(page);
  assert.match(await page.locator("#offline").innerText(), /Nothing leaves it/);
}));

test("a page that was not built for a server says so, and paints", () => open({ hash: `${SCENE}&engine=https://gqn.example` }, async (page) => {
  await message(page, /asks for https:\/\/gqn\.example to paint, and this page was not built for that[^]*cargo xtask web --server/).waitFor(PATIENCE);
  assert.match(await page.locator("#n-engine").innerText(), /built-in engine/);
  assert.ok(await page.locator("#token-row").isHidden());
}));
