// @ts-check
import { phase, size } from "./messages.js";

/** What is to be had: `models.json`. @typedef {{ wasm_bytes: number, tract_bytes?: number | null, servers?: string[], models: { name: string, world: string | null, image_size: number, representation: string, bytes: number, data: string, seconds: number, deflated?: string[], preview?: { name: string, bytes: number, deflated?: string[] } | null }[] }} Offer */

const SAMPLE = "sample.safetensors";
/** A file without content, as a manifest lists it. */
const EMPTY = { bytes: 0, sha256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" };

/** Milliseconds between two words about what has come. */
const TELL_MS = 80;

/** Counts what comes in, over all that is fetched. */
export class Download {
  #expected = 0;
  #got = 0;
  #told = 0;

  /** @param {(text: string, fraction: number | undefined) => void} [tell] who is told how much has come */
  constructor(tell = (text, fraction) => phase("download", text, fraction)) {
    this.tell = tell;
  }

  /** @param {number} bytes */
  expect(bytes) {
    this.#expected += bytes;
  }

  /** Everything is there. */
  end() {
    this.tell(size(this.#got), 1);
  }

  /** A response whose body is counted while it comes. @param {string | URL} url @param {string} type @param {boolean} [deflated]
   * whether the file is compressed; what it holds is counted */
  async stream(url, type, deflated = false) {
    const response = await get(url);
    const source = /** @type {ReadableStream} */ (response.body);
    const count = new TransformStream({
      transform: (chunk, controller) => {
        this.#got += chunk.byteLength;
        controller.enqueue(chunk);
        const now = performance.now();
        if (now - this.#told < TELL_MS) return;
        this.#told = now;
        const fraction = this.#expected ? Math.min(this.#got / this.#expected, 0.999) : undefined;
        this.tell(`${size(this.#got)} of ${size(Math.max(this.#expected, this.#got))}`, fraction);
      },
    });
    const body = (deflated ? source.pipeThrough(new DecompressionStream("deflate")) : source).pipeThrough(count);
    return new Response(body, { headers: { "content-type": type } });
  }

  /** An engine, compiled while it comes. @param {number} bytes @param {"wasm" | "tract"} [folder] where it lies */
  async engine(bytes, folder = "wasm") {
    this.expect(bytes);
    const url = new URL(`../../${folder}/gqn_bg.wasm`, import.meta.url);
    const response = await this.stream(url, "application/wasm");
    return WebAssembly.compileStreaming(response).catch((error) => {
      throw new Error(`the engine cannot be run here: ${error.message}\nhint: a browser of 2023 or later runs it; if this is one, reload the page`);
    });
  }

  /** A package's files, of the sizes its manifest gives. The sample, with which engines are verified, stays where it is: an empty
   * one stands in its place. @param {Pick<Offer["models"][number], "name" | "deflated">} model @returns {Promise<import("../types").PackageFiles>} */
  async files({ name, deflated = [] }) {
    const url = `models/${name}/manifest.json`;
    const manifest = parsed(url, await (await get(url)).text());
    if (SAMPLE in manifest.files) manifest.files[SAMPLE] = EMPTY;
    const entries = /** @type {[string, { bytes: number, sha256: string }][]} */ (Object.entries(manifest.files));
    for (const [, { bytes }] of entries) this.expect(bytes);
    const fetched = entries.map(async ([file, { bytes, sha256 }]) => {
      if (!bytes) return new Blob();
      const small = deflated.includes(file);
      const url = `models/${name}/${file}${small ? ".deflate" : ""}?${sha256.slice(0, 16)}`;
      return (await this.stream(url, "application/octet-stream", small)).blob();
    });
    const files = [new Blob([JSON.stringify(manifest)]), ...(await Promise.all(fetched))];
    return { names: ["manifest.json", ...entries.map(([file]) => file)], files };
  }
}

/** @returns {Promise<Offer>} */
export async function offer() {
  const url = "models.json";
  return parsed(url, await (await get(url)).text());
}

/** @param {string} url @param {string} text @returns {any} */
function parsed(url, text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`could not load ${url}: what came is ${text.trimStart().startsWith("<") ? PAGE : "damaged"}\nhint: ${STRANGER}`);
  }
}

const PAGE = "a web page, not the file";
const STRANGER = "something between this browser and the server answered: sign in to the network, or let the filter pass this site; then reload the page";

/** @param {string | URL} url */
async function get(url) {
  const failed = (/** @type {string} */ why) =>
    new Error(`could not load ${String(url).split("?")[0]}: ${why}\nhint: see whether you are online, then reload the page`);
  const response = await fetch(url).catch((error) => { throw failed(error.message); });
  if (!response.ok) throw failed(`the server answered ${response.status}`);
  const isPage = response.headers.get("content-type")?.startsWith("text/html");
  if (isPage) throw new Error(`could not load ${String(url).split("?")[0]}: what came is ${PAGE}\nhint: ${STRANGER}`);
  return response;
}
