// @ts-check
// Firefox by its own protocol, WebDriver BiDi: as much of it as the smoke test needs.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./built.js";

const { WebSocket } = createRequire(join(root, "web-demo/package.json"))("ws");
const STARTS_MS = 60_000;

/** Starts a browser without a window, and opens a page in it. @param {string} program */
export async function firefox(program) {
  const profile = mkdtempSync(join(tmpdir(), "gqn-firefox-"));
  // It asks nobody for anything.
  writeFileSync(join(profile, "user.js"), [
    ["app.update.enabled", false], ["datareporting.policy.dataSubmissionEnabled", false], ["network.captive-portal-service.enabled", false],
    ["network.connectivity-service.enabled", false], ["browser.safebrowsing.downloads.remote.enabled", false], ["toolkit.telemetry.reportingpolicy.firstRun", false],
    ["browser.shell.checkDefaultBrowser", false], ["services.settings.server", "data:,#remote-settings-dummy/v1"],
  ].map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});`).join("\n"));
  const running = spawn(program, ["--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0"], { stdio: ["ignore", "ignore", "pipe"], env: { ...process.env, MOZ_HEADLESS: "1", HOME: profile } });
  const address = await new Promise((resolve, reject) => {
    let said = "";
    const timer = setTimeout(() => reject(new Error(`firefox did not start: ${said}`)), STARTS_MS);
    running.stderr.on("data", (part) => {
      said += part;
      const found = /WebDriver BiDi listening on (ws:\/\/\S+)/.exec(said);
      if (!found) return;
      clearTimeout(timer);
      resolve(found[1]);
    });
    running.on("error", reject);
  });
  const socket = new WebSocket(`${address}/session`);
  await new Promise((resolve, reject) => { socket.on("open", resolve); socket.on("error", reject); });
  /** @type {Map<number, { resolve: (result: any) => void, reject: (error: Error) => void }>} */
  const waiting = new Map();
  /** @type {any[]} */
  const events = [];
  socket.on("message", (/** @type {Buffer} */ data) => {
    const { id, result, type, error, message, ...event } = JSON.parse(data.toString());
    if (type === "event") return events.push(event);
    if (type === "error") waiting.get(id)?.reject(new Error(`${error}: ${message}`));
    else waiting.get(id)?.resolve(result);
    waiting.delete(id);
  });
  let last = 0;
  /** @param {string} method @param {object} params @returns {Promise<any>} */
  const send = (method, params) => new Promise((resolve, reject) => {
    waiting.set(++last, { resolve, reject });
    socket.send(JSON.stringify({ id: last, method, params }));
  });
  await send("session.new", { capabilities: {} });
  await send("session.subscribe", { events: ["log.entryAdded"] });
  const { contexts: [{ context }] } = await send("browsingContext.getTree", {});
  await send("browsingContext.setViewport", { context, viewport: { width: 1280, height: 860 } });

  /** What an expression is worth in the page; promises are waited for. @param {string} expression */
  async function evaluate(expression) {
    const { type, result, exceptionDetails } = await send("script.evaluate", {
      expression: `(async () => JSON.stringify(await (${expression})))()`, target: { context }, awaitPromise: true,
    });
    if (type === "exception") throw new Error(exceptionDetails.text);
    return result.value === undefined ? undefined : JSON.parse(result.value);
  }
  return {
    /** @param {string} url */
    go: (url) => send("browsingContext.navigate", { context, url, wait: "complete" }),
    evaluate,
    /** Waits until an expression is true. @param {string} expression */
    until: (expression) => evaluate(`new Promise((resolve, reject) => {
      const end = Date.now() + 90000;
      (function look() { if (${expression}) resolve(true); else if (Date.now() > end) reject(new Error("it never came")); else setTimeout(look, 50); })();
    })`),
    /** What the console complains of. */
    complaints: () => events.filter(({ method, params }) => method === "log.entryAdded" && params.level === "error").map(({ params }) => params.text),
    async end() {
      await send("browser.close", {}).catch(() => undefined);
      socket.close();
      await new Promise((resolve) => { running.on("exit", resolve); setTimeout(() => running.kill(), 5000).unref(); });
      rmSync(profile, { recursive: true, force: true });
    },
  };
}
