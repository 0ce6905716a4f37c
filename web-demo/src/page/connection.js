// @ts-check
// Requests to a server, and in words what goes wrong with them.
import { Remedied } from "./remote.js";

/** How often a server that has too much to do is asked again, and the longest wait between, in milliseconds. */
const TRIES = 4;
const LONGEST_WAIT_MS = 3000;
/** A server that takes longer is gone, in milliseconds. */
const TIMEOUT_MS = 40_000;

export class Connection {
  /** Whether nobody waits for answers any more. */
  ended = false;

  /** @param {string} origin @param {() => string} token what the user entered @param {() => void} back lets this tab paint again */
  constructor(origin, token, back) {
    this.origin = origin;
    this.token = token;
    this.back = back;
  }

  get host() { return new URL(this.origin).host; }

  /** Closes a scene there. @param {Promise<string>} id */
  close(id) {
    id.then((id) => fetch(`${this.origin}/scenes/${id}`, { method: "DELETE", headers: this.headers(), keepalive: true })).catch(() => undefined);
  }

  headers() {
    const token = this.token();
    return /** @type {Record<string, string>} */ (token ? { authorization: `Bearer ${token}` } : {});
  }

  /** @param {string} path @param {RequestInit} [init] @param {number[]} [known] statuses that the caller deals with */
  async ask(path, init = {}, known = []) {
    for (let attempt = 1; ; attempt++) {
      const response = await fetch(this.origin + path, { ...init, headers: this.headers(), signal: AbortSignal.timeout(TIMEOUT_MS), credentials: "omit" }).catch(() => {
        throw this.error("does not answer", `see that \`gqn-run serve --allow-origin ${location.origin}\` runs there`);
      });
      if (response.ok || known.includes(response.status)) return response;
      const busy = [429, 503].includes(response.status);
      if (busy && attempt < TRIES && !this.ended) {
        const seconds = Number(response.headers.get("retry-after") ?? 1);
        await new Promise((resolve) => setTimeout(resolve, Math.min(1000 * seconds, LONGEST_WAIT_MS)));
        continue;
      }
      const { error = "" } = await response.json().catch(() => ({}));
      if (response.status === 401) throw this.error(this.token() ? "refuses the token" : "asks for a token", "enter the token under Numbers");
      if (response.status === 429) throw this.error(`has too much to do (429): ${error}`, "try again in a moment");
      if (response.status === 503) throw this.error(`is not ready (503): ${error}`, "it loads its model, or stops; try again in a moment");
      throw this.error(`answered ${response.status}: ${error}`, "the pictures and the server's model do not fit, or something stands between");
    }
  }

  /** @param {string} what @param {string} hint */
  error(what, hint) {
    return new Remedied(`${this.host} ${what}\nhint: ${hint}; or let this tab paint`, "Paint in this tab", this.back);
  }
}
