// @ts-check
import { element } from "./dom.js";

/** @typedef {{ path: string, file: File }} Entry */

/** Folders hold more files than anyone means to show; of so many at most one is told. */
const MOST = 5000;

/** Takes files and folders that are dropped anywhere on the page. @param {(coming: Promise<Entry[]>) => void} receive */
export function dropping(receive) {
  const veil = element("drop", HTMLElement);
  const files = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files");
  document.addEventListener("dragover", (event) => {
    if (!files(event)) return;
    event.preventDefault();
    veil.hidden = false;
  });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) veil.hidden = true; });
  document.addEventListener("drop", (event) => {
    if (!files(event)) return;
    event.preventDefault();
    veil.hidden = true;
    const items = [...(event.dataTransfer?.items ?? [])].filter((item) => item.kind === "file");
    const entries = items.map((item) => item.webkitGetAsEntry?.()).filter((entry) => entry !== null && entry !== undefined);
    const loose = [...(event.dataTransfer?.files ?? [])].map((file) => ({ path: file.name, file }));
    receive(entries.length ? walked(entries) : Promise.resolve(loose));
  });
}

/** All files below dropped entries, but for hidden ones, which systems leave behind. @param {any[]} entries @returns {Promise<Entry[]>} */
async function walked(entries) {
  /** @type {Entry[]} */
  const found = [];
  const rest = [...entries];
  for (let entry = rest.shift(); entry; entry = rest.shift()) {
    if (entry.name?.startsWith(".")) continue;
    if (found.length >= MOST) throw new Error(`found more than ${MOST} files\nhint: drop the folder that holds the pictures, and nothing above it`);
    const at = entry;
    if (at.isFile) {
      const file = await new Promise((resolve, reject) => at.file(resolve, reject));
      found.push({ path: at.fullPath, file });
      continue;
    }
    const reader = at.createReader();
    for (;;) {
      // A reader gives a folder in portions, an empty one last.
      const portion = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
      if (!portion.length) break;
      rest.push(...portion);
    }
  }
  return found;
}
