// @ts-check
import { card } from "./card.js";
import { say } from "./dom.js";
import { phase, settle, size } from "./messages.js";
import { Remote, Silent } from "./remote.js";
import { running } from "./engines.js";
import { guesses } from "./state.js";

/** @typedef {import("../types").PackageFiles} PackageFiles */

/** What is going on when the engine says that a part of the work has begun or is over. @type {Record<string, string>} */
const PARTS = { "unpack 0": "checking the files", "read 0": "reading the graphs", "read 1": "warming up" };

/** Other painters begin when nothing moves, or so long after the first picture. */
const HELP_MS = 1500;

/** Opens packages: in one painter first, and in the others when the first picture is there.
 * @param {{ asked: boolean, mark: () => void, engines: import("./engines.js").Engines, pool: import("./pool.js").Pool, scene: import("./scene.js").Scene, look: import("./look.js").Look }} page
 * @returns {{ open: (coming: Promise<PackageFiles>, download?: import("./download.js").Download) => Promise<void>, again: () => Promise<void> }}
 *   `open` ends with the first picture; the page stays as it was if a package is refused. `again` opens the same on the engine that is chosen now */
export function opener({ asked, mark, engines, pool, scene, look }) {
  /** The files that the painters were started with. @type {PackageFiles} */
  let files;
  /** The engine that runs them. @type {import("./engines.js").Engine} */
  let engine = engines.portable;
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
      const [remote] = await started(mine, engine);
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
    const progress = (/** @type {any} */ { phase: part, fraction }) => phase("prepare", PARTS[`${part} ${fraction}`] ?? "", undefined);
    const wish = await engines.chosen(scene.state);
    const [first, found, able] = await started(wanted, wish, progress).then(([remote, found]) => /** @type {const} */ ([remote, found, wish]), async (error) => {
      const other = await engines.instead(wish, error);
      if (!other) throw error;
      const [remote, found] = await started(wanted, other, progress);
      return /** @type {const} */ ([remote, found, other]);
    });
    phase("prepare", `${(found.ms / 1000).toFixed(1)} s`, 1);
    phase("picture", "", undefined);
    [files, engine] = [next, able];
    pool.restart(first);
    const bytes = [...next.files, ...(next.zip ? [next.zip] : [])].reduce((sum, file) => sum + file.size, 0);
    say("n-model", size(bytes));
    say("n-load", `${(found.ms / 1000).toFixed(1)} s`);
    running(able, found.engine, able !== wish);
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
   * @param {PackageFiles} wanted @param {import("./engines.js").Engine} engine @param {(progress: any) => void} [progress]
   * @returns {Promise<[Remote, any]>} */
  async function started(wanted, { module, name }, progress) {
    const remote = await Remote.start(module, name);
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
    const [remote] = await started(mine, engine);
    if (files !== mine || pool.painters.length) return remote.end();
    pool.add(remote);
    await scene.relearn();
  };

  const start = async (/** @type {Promise<PackageFiles>} */ coming, /** @type {import("./download.js").Download | undefined} */ download) => {
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
  return { open: start, again: () => start(Promise.resolve(files), undefined) };
}
