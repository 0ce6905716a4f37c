// @ts-check
// Serves a folder on a free port of 127.0.0.1, as any static host would.
import { createReadStream, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { brotliCompressSync } from "node:zlib";

/** @type {Record<string, string>} */
const TYPES = {
  ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
  ".json": "application/json", ".wasm": "application/wasm", ".svg": "image/svg+xml", ".png": "image/png", ".webp": "image/webp", ".webmanifest": "application/manifest+json",
};

/** Types that hosts compress; what they do not know (graphs, for example) they send as it is. */
const COMPRESSED = /^text\/|json|wasm|svg/;

/** @param {string} folder @param {Record<string, string>} [headers] of the page itself
 * @param {{ brotli?: boolean }} [how] whether it compresses, which takes time once for each file
 * @returns {Promise<{ url: string, stop: () => Promise<void> }>} */
export function serve(folder, headers = {}, { brotli = false } = {}) {
  /** @type {Map<string, Buffer>} */
  const compressed = new Map();
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url ?? "/", "http://a").pathname));
    const file = join(folder, path.endsWith("/") ? `${path}index.html` : path);
    const found = statSync(file, { throwIfNoEntry: false });
    if (!found?.isFile()) return response.writeHead(404).end("not found");
    const type = TYPES[extname(file)] ?? "application/octet-stream";
    const common = { "content-type": type, "cache-control": "no-cache", ...(file.endsWith("index.html") ? headers : {}) };
    if (brotli && COMPRESSED.test(type)) {
      const body = compressed.get(file) ?? brotliCompressSync(readFileSync(file));
      compressed.set(file, body);
      return response.writeHead(200, { ...common, "content-encoding": "br", "content-length": body.length }).end(body);
    }
    response.writeHead(200, { ...common, "content-length": found.size });
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
