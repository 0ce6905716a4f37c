// @ts-check
// Serves a folder on a free port of 127.0.0.1, as any static host would.
import { createReadStream, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

/** @type {Record<string, string>} */
const TYPES = {
  ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
  ".json": "application/json", ".wasm": "application/wasm", ".svg": "image/svg+xml", ".png": "image/png", ".webp": "image/webp", ".webmanifest": "application/manifest+json",
};

/** @param {string} folder @param {Record<string, string>} [headers] of the page itself @returns {Promise<{ url: string, stop: () => Promise<void> }>} */
export function serve(folder, headers = {}) {
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url ?? "/", "http://a").pathname));
    const file = join(folder, path.endsWith("/") ? `${path}index.html` : path);
    const found = statSync(file, { throwIfNoEntry: false });
    if (!found?.isFile()) return response.writeHead(404).end("not found");
    response.writeHead(200, {
      "content-type": TYPES[extname(file)] ?? "application/octet-stream",
      "content-length": found.size,
      "cache-control": "no-cache",
      ...(file.endsWith("index.html") ? headers : {}),
    });
    createReadStream(file).pipe(response);
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = /** @type {import("node:net").AddressInfo} */ (server.address());
      const stop = () => new Promise((done) => { server.close(() => done()); server.closeAllConnections(); });
      resolve({ url: `http://127.0.0.1:${address.port}/`, stop: /** @type {() => Promise<void>} */ (stop) });
    });
  });
}
