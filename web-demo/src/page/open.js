// @ts-check
import { card } from "./card.js";
import { say } from "./dom.js";
import { phase, settle, size } from "./messages.js";
import { Remote, Silent } from "./remote.js";
import { guesses } from "./state.js";

/** @typedef {import("../types").PackageFiles} PackageFiles */

/** What is going on when the engine says that a part of the work has begun or is over. @type {Record<string, string>} */
const PARTS = { "unpack 0": "checking the files", "read 0": "reading the graphs", "read 1": "warming up" };

/** Other painters begin when nothing moves, or so long after the first picture. */
const HELP_MS = 1500;

/** Opens packages: in one painter first, and in the others when the first picture is there.
 * @param {{ asked: boolean, mark: () => void, module: WebAssembly.Module, pool: import("./pool.js").Pool, scene: import("./scene.js").Scene, look: import("./look.js").Look, wasmBytes: number }} page
 * @returns {(coming: Promise<PackageFiles>, download?: import("./download.js").Download) => Promise<void>} ends with the first
 *   picture; the page stays as it was if a package is refused */
export function opener({ asked, mark, module, pool, scene, look, wasmBytes }) {
  /** The files that the painters were started with. @type {PackageFiles} */
  let files;
  const describe = card(scene);
  /** Ends the wait for a package's first picture. @type {((why: Error) => void) | undefined} */
  let giveUp;

  /** Whether it was not the user who chose the mean picture. */
  let chosen = false;

  /** Begins with the mean picture where guesses say nothing; what a link asks of the first package is done. @param {any} manifest */
  function begin(manifest) {
    const { state } = scene;
    const mean = !guesses(manifest);
    if (!asked && mean !== state.mean && (mean || chosen)) {
      state.mean = mean;
      chosen = mean;
      mark();
    }
    asked = false;
  }

  /** @param {number} bytes of the package */
  async function help(bytes) {
    const cores = navigator.hardwareConcurrency || 2;
    const most = bytes > 1e8 || cores < 4 ? 2 : cores < 8 ? 3 : 4;
    say("n-painters", String(pool.painters.length));
    const mine = files;
    for (let others = pool.painters.length; others < most; others++) {
      const [remote] = await started(mine);
      if (files !== mine) return remote.end();
      pool.add(remote);
      say("n-painters", String(pool.painters.length));
    }
  }

  /** @param {PackageFiles} next */
  async function open(next) {
    phase("prepare", "", undefined);
    const before = files;
    const { own, fieldOfView } = scene;
    const wanted = { ...next, ...(own ? { fieldOfView } : { rendered: true }) };
    const [first, found] = await started(wanted, ({ phase: part, fraction }) => phase("prepare", PARTS[`${part} ${fraction}`] ?? "", undefined));
    phase("prepare", `${(found.ms / 1000).toFixed(1)} s`, 1);
    phase("picture", "", undefined);
    files = next;
    pool.restart(first);
    const bytes = [...next.files, ...(next.zip ? [next.zip] : [])].reduce((sum, file) => sum + file.size, 0);
    say("n-model", size(bytes));
    say("n-load", `${(found.ms / 1000).toFixed(1)} s`);
    say("n-engine", found.engine);
    say("n-wasm", size(wasmBytes));
    describe(found);
    begin(found.manifest);
    const painted = new Promise((resolve) => look.addEventListener("picture", resolve, { once: true }));
    const lost = new Promise((_, reject) => { giveUp = reject; });
    try {
      await Promise.race([scene.repackage(found.side, found.manifest.config.voxel).then(() => painted), lost]);
    } catch (error) {
      // It opens, but does not paint: back to the one before.
      giveUp = undefined;
      if (before && before !== next) await open(before);
      throw error;
    }
    giveUp = undefined;
    phase("picture", "", 1);
    // When one looks around without a rest, too: who walks around by itself never rests.
    const rested = new Promise((resolve) => look.addEventListener("rest", resolve, { once: true }));
    const mine = files;
    Promise.race([rested, new Promise((resolve) => setTimeout(resolve, HELP_MS))])
      .then(() => (files === mine ? help(bytes) : undefined)).catch(pool.events.fail);
  }

  /** A new painter with a package open; the others are not disturbed if it is refused.
   * @param {PackageFiles} wanted @param {(progress: any) => void} [progress] @returns {Promise<[Remote, any]>} */
  async function started(wanted, progress) {
    const remote = await Remote.start(module);
    try {
      return [remote, await remote.call("open", wanted, progress)];
    } catch (error) {
      remote.end();
      throw error;
    }
  }

  // A painter that gave no answer is gone; the first one is needed.
  pool.events.lost = async () => {
    if (giveUp) return giveUp(new Silent());
    const mine = files;
    if (!mine || pool.painters.length) return;
    const [remote] = await started(mine);
    if (files !== mine || pool.painters.length) return remote.end();
    pool.add(remote);
    await scene.relearn();
  };

  return async (coming, download) => {
    if (files) settle(false);
    try {
      const next = await coming;
      if (download) download.end();
      else phase("download", "from here", 1);
      await open(next);
    } finally {
      // Without a package there is nothing to see; otherwise the one before is still open.
      if (files) settle(true);
    }
  };
}
