// @ts-check
// Times packages in Chromium: the engine of this workspace, onnxruntime-web (wasm backend), tract and rten, one thread each, in
// turns.
//
// node web.js PACKAGES GLUE TRACT RTEN OUT --rounds N --queries 1,8 --only a,b
//
// PACKAGES holds packages and index.json, GLUE, TRACT and RTEN hold a gqn.js and a gqn_bg.wasm each; rows and sizes are written
// to OUT.
import { createReadStream, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { dirname, extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { chromium } from "playwright-core";

const here = dirname(fileURLToPath(import.meta.url));
const { positionals: [packages, glue, tract, rten, out], values } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "50" },
    queries: { type: "string", default: "1" },
    only: { type: "string", multiple: true, default: [] },
  },
});
const peer = join(here, "node_modules/onnxruntime-web/dist");
const PEER_FILES = ["ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"];
const OWN_FILES = ["gqn.js", "gqn_bg.wasm"];

/** @type {Record<string, string>} */
const TYPES = {
  ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".mjs": "text/javascript", ".json": "application/json",
  ".wasm": "application/wasm",
};

/** Where a path of the server lies. @param {string} path */
function file(path) {
  const [, top, ...rest] = path.split("/");
  const below = normalize(rest.join("/"));
  if (below.startsWith("..")) return undefined;
  const folders = /** @type {Record<string, string>} */ ({ packages, glue, tract, rten, peer, page: here });
  return folders[top] && join(folders[top], below);
}

const server = createServer((request, response) => {
  const path = file(decodeURIComponent(new URL(request.url ?? "/", "http://a").pathname));
  const found = path && statSync(path, { throwIfNoEntry: false });
  if (!path || !found?.isFile()) return response.writeHead(404).end();
  // An isolated page has a clock of microseconds.
  response.writeHead(200, {
    "content-type": TYPES[extname(path)] ?? "application/octet-stream",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
  });
  createReadStream(path).pipe(response);
});
await new Promise((done) => { server.listen(0, "127.0.0.1", () => done(undefined)); });
const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());

// Started so that it asks nobody for anything.
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  args: [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
  ],
});

/** @param {number[]} times */
const median = (times) => [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)];
const index = JSON.parse(readFileSync(join(packages, "index.json"), "utf8"));
const wanted = index.filter((/** @type {any} */ { model }) =>
  values.only.length === 0 || values.only.includes(model));
const rows = [];
try {
  for (const entry of wanted) {
    for (const queries of values.queries.split(",").map(Number)) {
      // A page of its own for every package: memory of one does not weigh on the next.
      const page = await browser.newPage();
      page.on("pageerror", (error) => { throw error; });
      await page.goto(`http://127.0.0.1:${port}/page/web.html`);
      const measured = await page.evaluate(
        ([entry, queries, rounds]) => /** @type {any} */ (globalThis).measure(entry, queries, rounds),
        /** @type {const} */ ([entry, queries, Number(values.rounds)]),
      );
      await page.close();
      for (const { engine, times, observed, load_ms, refused } of measured) {
        if (refused) {
          rows.push({ ...entry, engine, queries, threads: 1, refused, ms_per_view: 0, fastest_ms_per_view: 0, load_ms: 0 });
          console.error(`${entry.package}, ${engine} does not run it: ${refused}`);
          continue;
        }
        const ms_median = median(times);
        rows.push({ ...entry, engine, queries, threads: 1, ms_median, ms_per_view: ms_median / queries, fastest_ms_per_view: Math.min(...times) / queries, observe_ms: median(observed), load_ms });
        console.error(`${entry.package}, ${queries} queries, ${engine}: ${ms_median.toFixed(2)} ms, observes in ${median(observed).toFixed(2)} ms, loaded in ${load_ms.toFixed(0)} ms`);
      }
      const run = measured.filter((/** @type {any} */ { refused }) => !refused);
      const [own, ...others] = run.map((/** @type {any} */ { sum }) => sum);
      for (const other of others) {
        if (Math.abs(own - other) > 1e-3 * Math.max(1, Math.abs(other))) throw new Error(`${entry.package}: pictures differ, ${own} and ${other}`);
      }
    }
  }
} finally {
  await browser.close();
  server.close();
}

/** @param {string} engine @param {string} folder @param {string[]} names */
function size(engine, folder, names) {
  const sum = { engine, bytes: 0, gzip: 0, brotli: 0 };
  for (const name of names) {
    const content = readFileSync(join(folder, name));
    sum.bytes += content.length;
    sum.gzip += gzipSync(content, { level: 9 }).length;
    // The best quality takes half a minute a module and saves a few percent.
    sum.brotli += brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }).length;
  }
  return sum;
}
const sizes = [size("gqn-wasm", glue, OWN_FILES), size("onnxruntime-web", peer, PEER_FILES), size("tract", tract, OWN_FILES), size("rten", rten, OWN_FILES)];
writeFileSync(out, `${JSON.stringify({ rows, sizes }, null, 2)}\n`);
