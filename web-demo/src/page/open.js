// @ts-check
import { card } from "./card.js";
import { running, started } from "./engines.js";
import { help, weight } from "./helpers.js";
import { meanFirst } from "./mean.js";
import { phase, settle } from "./messages.js";
import { Ended, Remedied, Silent } from "./remote.js";

/** @typedef {import("../types").PackageFiles} PackageFiles */

/** Other painters begin when nothing moves, or so long after the first picture. */
const HELP_MS = 1500;

/** A package that is to be opened, what shows how much of it has come, and what is done when an engine has taken it.
 * A `preview` paints until `better` has something.
 * @typedef {{ coming: Promise<PackageFiles>, download?: import("./download.js").Download, taken?: () => void, preview?: boolean }} Opening */

/** `open` ends with the first picture, with false if another was asked for meanwhile; the page stays as it was if a package is refused.
 * `better` opens a package in the place of a preview, which goes on painting meanwhile, unless another one was opened.
 * `again` opens the same on the engine that is chosen now, and `stay` gives up what is being opened.
 * @typedef {{ open: (opening: Opening) => Promise<boolean>, better: (coming: Promise<PackageFiles>) => Promise<void>, again: () => Promise<boolean>, stay: () => void }} Openings */

/** Opens packages: in one painter first, and in the others when the first picture is there. Of two that are opened at the same
 * time, the one that was asked for last stays.
 * @param {{ asked: boolean, mark: () => void, engines: import("./engines.js").Engines, pool: import("./pool.js").Pool, scene: import("./scene.js").Scene, look: import("./look.js").Look }} page
 * @returns {Openings} */
export function opener({ asked, mark, engines, pool, scene, look }) {
  /** The files that the painters were started with. @type {PackageFiles} */
  let files;
  /** The engine that runs them. @type {import("./engines.js").Engine} */
  let engine = engines.portable;
  const describe = card(scene);
  /** Ends the wait for a package's first picture. @type {((why: Error) => void) | undefined} */
  let giveUp;
  /** The one that was asked for last. @type {symbol | undefined} */
  let last;
  /** When that is over. @type {Promise<unknown>} */
  let over = Promise.resolve();
  const begin = meanFirst(scene.state, { asked, mark });
  /** Those of a preview. @type {PackageFiles | undefined} */
  let small;
  /** @param {symbol} mine which opening this is @param {PackageFiles} next @param {() => void} [taken] @returns {Promise<boolean>} */
  async function open(mine, next, taken) {
    phase("prepare", "", undefined);
    const before = files;
    const { own, fieldOfView } = scene;
    const cameras = own ? { fieldOfView } : { rendered: true, fieldOfView: scene.survey.fieldOfView || undefined };
    const { remote: first, found, engine: able, asked: wish } = await engines.open(next, cameras, scene.state);
    if (mine !== last) {
      first.end();
      return false;
    }
    phase("prepare", `${(found.ms / 1000).toFixed(1)} s`, 1);
    phase("picture", "", undefined);
    [files, engine] = [next, able];
    taken?.();
    pool.restart(first);
    running(able, found, { bytes: weight(next), needed: able !== wish, preview: next === small });
    describe(found);
    if (next !== small) begin(found.manifest);
    const painted = new Promise((resolve) => look.addEventListener("picture", resolve, { once: true }));
    const lost = new Promise((_, reject) => { giveUp = reject; });
    try {
      await Promise.race([scene.repackage(found.side, found.manifest.config.voxel).then(() => painted), lost]);
    } catch (error) {
      // It opens, but does not paint: back to the one before.
      if (mine !== last) return false;
      giveUp = undefined;
      if (able.name === "server") {
        scene.state.engine = "";
        fail(/** @type {Error} */ (error));
        return open(mine, next);
      }
      if (before && before !== next) await open(mine, before);
      throw error;
    }
    if (mine !== last) return false;
    giveUp = undefined;
    phase("picture", "", 1);
    // A preview paints alone.
    if (next === small) return true;
    // When one looks around without a rest, too: who walks around by itself never rests.
    const rested = new Promise((resolve) => look.addEventListener("rest", resolve, { once: true }));
    Promise.race([rested, new Promise((resolve) => setTimeout(resolve, HELP_MS))]).then(() => (files === next ? help(pool, next, able, () => files === next) : undefined)).catch(pool.events.fail);
    return true;
  }

  // What a server cannot do for the first picture, it will not do for others.
  const { fail } = pool.events;
  pool.events.fail = (error) => (giveUp && error instanceof Remedied ? giveUp(error) : fail(error));
  // A painter that gave no answer is gone; the first one is needed.
  pool.events.lost = async () => {
    if (giveUp) return giveUp(new Silent());
    const mine = files;
    if (!mine || pool.painters.length) return;
    const { remote } = await started(mine, engine);
    if (files !== mine || pool.painters.length) return remote.end();
    pool.add(remote);
    await scene.relearn();
  };

  /** The one before waits for a picture that is no longer painted. @param {symbol} [mine] */
  function supersede(mine) {
    last = mine;
    giveUp?.(new Ended());
    giveUp = undefined;
  }

  /** @param {Opening} opening @param {boolean} [hidden] whether the one before goes on painting meanwhile */
  async function start({ coming, download, taken, preview }, hidden = false) {
    const mine = Symbol("opening");
    supersede(mine);
    if (files && !hidden) settle(false);
    try {
      const next = await coming;
      if (mine !== last) return false;
      if (preview) small = next;
      if (download) download.end();
      else phase("download", "from here", 1);
      return await open(mine, next, taken);
    } catch (error) {
      if (mine !== last) return false;
      throw error;
    } finally {
      // Without a package there is nothing to see; otherwise the one before is still open.
      if (files && mine === last) settle(true, files === small);
    }
  }

  /** @param {Opening} opening @param {boolean} [hidden] */
  function begun(opening, hidden) {
    const opened = start(opening, hidden);
    over = opened.catch(() => undefined);
    return opened;
  }

  return {
    open: begun,
    async better(coming) {
      await coming;
      do await over;
      while (files === small && !(await begun({ coming }, true)));
    },
    again() { return over.then(() => begun({ coming: Promise.resolve(files) })); },
    stay() {
      supersede();
      if (files) settle(true, files === small);
    },
  };
}
