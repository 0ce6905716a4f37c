// @ts-check

/** A worker with an instance of the engine; every request has an id and gets one answer. */
export class Remote {
  #worker = new Worker(new URL("../worker/worker.js", import.meta.url), { type: "module" });
  /** @type {Map<number, { resolve: (result: any) => void, reject: (error: Error) => void, progress?: (progress: any) => void }>} */
  #waiting = new Map();
  #last = 0;

  constructor() {
    this.#worker.addEventListener("message", ({ data: { id, result, error, progress } }) => {
      const request = this.#waiting.get(id);
      if (progress) return request?.progress?.(progress);
      this.#waiting.delete(id);
      if (error === undefined) request?.resolve(result);
      else request?.reject(new Error(error));
    });
    this.#worker.addEventListener("error", (event) => {
      event.preventDefault();
      this.#fail(new Error(event.message || "a part of the page could not be loaded\nhint: reload the page"));
    });
  }

  /** @param {WebAssembly.Module} module */
  static async start(module) {
    const remote = new Remote();
    await remote.call("start", module);
    return remote;
  }

  /** @param {string} operation @param {any} [argument] @param {(progress: any) => void} [progress] @returns {Promise<any>} */
  call(operation, argument, progress) {
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, progress });
      this.#worker.postMessage({ id, operation, argument });
    });
  }

  end() {
    this.#worker.terminate();
    this.#fail(new Ended());
  }

  /** @param {Error} error */
  #fail(error) {
    for (const request of this.#waiting.values()) request.reject(error);
    this.#waiting.clear();
  }
}

/** The answer of a worker that is no longer needed. */
export class Ended extends Error {}

/** Runs one call at a time; of those that wait, only the latest.
 * @template T @param {(argument: T) => Promise<void>} work @returns {(argument: T) => Promise<void>} */
export function latest(work) {
  /** @type {{ argument: T } | undefined} */
  let next;
  let running = false;
  return async (argument) => {
    next = { argument };
    if (running) return;
    running = true;
    try {
      while (next) {
        const { argument } = next;
        next = undefined;
        await work(argument);
      }
    } finally {
      running = false;
    }
  };
}
