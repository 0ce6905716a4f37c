// @ts-check
// Answers { id, operation, argument } with { id, result } or { id, error }; `progress` messages may come before.
import init, { Viewer } from "../../wasm/gqn.js";
import * as painting from "./painting.js";
import { photograph } from "./photograph.js";
import * as surveying from "./surveying.js";

const { use, ...paintings } = painting;
/** @type {Record<string, (argument: any, report: (progress: object) => void) => any>} */
const operations = { ...paintings, ...surveying, photograph, start };

/** @param {{ module: WebAssembly.Module, engine: string }} engine */
async function start({ module, engine }) {
  if (engine === "tract") {
    // The same bindings; nobody loads them who has no use for them.
    const bindings = await import(new URL("../../tract/gqn.js", import.meta.url).href);
    await bindings.default({ module_or_path: module });
    use(bindings.Viewer);
  } else {
    await init({ module_or_path: module });
    use(Viewer);
  }
}

/** @param {any} result @returns {ArrayBuffer[]} */
function buffers(result) {
  const values = result && typeof result === "object" ? [result, ...Object.values(result)] : [];
  const found = values.filter((value) => ArrayBuffer.isView(value)).map((value) => value.buffer);
  return /** @type {ArrayBuffer[]} */ ([...new Set(found)]);
}

self.addEventListener("message", async ({ data: { id, operation, argument } }) => {
  const post = (/** @type {object} */ message, /** @type {ArrayBuffer[]} */ moved = []) => self.postMessage(message, { transfer: moved });
  try {
    const result = await operations[operation](argument, (progress) => post({ id, progress }));
    post({ id, result }, buffers(result));
  } catch (error) {
    post({ id, error: words(error) });
  }
});

/** @param {unknown} error */
function words(error) {
  // The bindings answer with words; what else may come is the end of the stack, or a bug.
  if (error instanceof WebAssembly.RuntimeError || error instanceof RangeError) return `the engine stopped: ${error.message}\nhint: reload the page`;
  return error instanceof Error ? error.message : String(error);
}
