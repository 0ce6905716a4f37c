// @ts-check
// Files that somebody opened: which of them belong together, and whether they are too large.

/** @typedef {import("./drop.js").Entry} Entry */

export const MANIFEST = "manifest.json";
/** A list of cameras or files is no larger, in bytes, and neither is a package. */
export const MOST_LIST = 1 << 24;
const MOST_PACKAGE = 1 << 30;

/** Refuses, before it is read, what is larger than any package. @param {Entry[]} parts */
export function light(parts) {
  const bytes = parts.reduce((sum, { file }) => sum + file.size, 0);
  if (bytes > MOST_PACKAGE) throw new Error(`${plain(parts[0].path)}${parts.length > 1 ? " and its files have" : " has"} ${bytes} bytes, expected at most ${MOST_PACKAGE}\nhint: \`gqn-export export\` writes smaller packages`);
}

/** A manifest and the files that it names, and nothing else of what lies around. @param {Entry} manifest @param {Entry[]} entries */
export async function listed(manifest, entries) {
  if (manifest.file.size > MOST_LIST) throw new Error(`${MANIFEST} has ${manifest.file.size} bytes, expected at most ${MOST_LIST}`);
  /** @type {string[]} */
  let names;
  try {
    names = Object.keys(JSON.parse(await manifest.file.text()).files);
  } catch {
    // What is wrong with it the engine says.
    return [manifest];
  }
  return [manifest, ...beside(manifest, entries).filter(({ path }) => names.includes(plain(path)))];
}

/** What lies in the folder of a file. @param {Entry} file @param {Entry[]} entries */
export function beside({ path: at }, entries) {
  const above = (/** @type {string} */ path) => path.slice(0, path.lastIndexOf("/") + 1);
  return entries.filter(({ path }) => above(path) === above(at));
}

/** @param {string} path */
export const plain = (path) => path.slice(path.lastIndexOf("/") + 1);

/** @param {string} path */
export const folder = (path) => path.split("/").filter(Boolean).at(-2) ?? "your package";
