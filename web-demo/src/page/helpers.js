// @ts-check
import { say } from "./dom.js";
import { started } from "./engines.js";

/** Adds painters to the first one, as many as help here.
 * @param {import("./pool.js").Pool} pool @param {import("../types").PackageFiles} files that they open
 * @param {import("./engines.js").Engine} engine @param {() => boolean} open whether these files are still the ones that are open */
export async function help(pool, files, engine, open) {
  const cores = navigator.hardwareConcurrency || 2;
  const most = engine.name === "server" || weight(files) > 1e8 || cores < 4 ? 2 : cores < 8 ? 3 : 4;
  say("n-painters", String(pool.painters.length));
  for (let others = pool.painters.length; others < most; others++) {
    const { remote } = await started(files, engine);
    if (!open()) return remote.end();
    pool.add(remote);
    say("n-painters", String(pool.painters.length));
  }
}

/** Bytes of a package. @param {import("../types").PackageFiles} package_ */
export const weight = ({ files, zip }) => [...files, ...(zip ? [zip] : [])].reduce((sum, file) => sum + file.size, 0);
