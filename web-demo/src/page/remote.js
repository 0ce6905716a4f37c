// @ts-check

/** A worker with an instance of the engine; every request has an id and gets one answer. */
export class Remote {
  #worker = new Worker(new URL("../worker/worker.js", import.meta.url), { type: "module" });
  /** @type {Map<number, { resolve: (result: any) => void, reject: (error: Error) => void, progress?: (progress: any) => void, waited: number }>} */
  #waiting = new Map();
  #last = 0;
  /** Looks after the requests, while there are any. @type {ReturnType<typeof setInterval> | undefined} */
  #watch;
  /** Whether the worker was ended. */
  ended = false;

  /** @param {string} [hint] what to do should it give no answer */
  constructor(hint) {
    this.hint = hint;
    this.#worker.addEventListener("message", ({ data: { id, result, error, progress } }) => {
      const request = this.#waiting.get(id);
      if (progress) {
        if (request) request.waited = 0;
        return request?.progress?.(progress);
      }
      this.#waiting.delete(id);
      if (!this.#waiting.size) this.#rest();
      if (error === undefined) request?.resolve(result);
      else request?.reject(new Error(error));
    });
    this.#worker.addEventListener("error", (event) => {
      event.preventDefault();
      this.#fail(new Error(event.message || "a part of the page could not be loaded\nhint: reload the page"));
    });
  }

  /** The worker loads its scripts while the module is still coming.
   * @param {WebAssembly.Module | Promise<WebAssembly.Module>} module @param {string} [engine] whose it is @param {string} [hint] what to do should it give no answer */
  static async start(module, engine = "portable", hint = undefined) {
    const remote = new Remote(hint);
    await remote.call("start", { module: await module, engine });
    return remote;
  }

  /** @param {string} operation @param {any} [argument] @param {(progress: any) => void} [progress] @returns {Promise<any>} */
  call(operation, argument, progress) {
    if (this.ended) return Promise.reject(new Ended());
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, progress, waited: 0 });
      this.#worker.postMessage({ id, operation, argument });
      this.#watch ??= setInterval(() => this.#tick(), TICK_MS);
    });
  }

  /** @param {Error} [why] */
  end(why = new Ended()) {
    this.ended = true;
    this.#worker.terminate();
    this.#fail(why);
  }

  /** Ends a worker that does not answer. Ticks are counted, and no time is compared: a machine that slept was not slow. */
  #tick() {
    // The worker does one thing after another: only the oldest request is its business.
    const [oldest] = this.#waiting.values();
    if (oldest && ++oldest.waited * TICK_MS > DEADLINE_MS) this.end(new Silent(this.hint));
  }

  #rest() {
    clearInterval(this.#watch);
    this.#watch = undefined;
  }

  /** @param {Error} error */
  #fail(error) {
    for (const request of this.#waiting.values()) request.reject(error);
    this.#waiting.clear();
    this.#rest();
  }
}

/** How long a worker may take for an answer, or from one word of progress to the next: far longer than the largest model on
 * the slowest telephone. */
export const DEADLINE_MS = 90_000;
const TICK_MS = 1000;

/** A worker that gave no answer, and was ended. */
export class Silent extends Error {
  constructor(hint = "a smaller model, or another package; the page goes on with the one before") {
    super(`the engine gave no answer for ${DEADLINE_MS / 1000} seconds, and was stopped\nhint: ${hint}`);
  }
}

/** The answer of a worker that is no longer needed. */
export class Ended extends Error {}

/** What went wrong, and what a press of a button does about it. */
export class Remedied extends Error {
  /** @param {string} text @param {string} label @param {() => void} act */
  constructor(text, label, act) {
    super(text);
    this.remedy = { label, act };
  }
}

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
