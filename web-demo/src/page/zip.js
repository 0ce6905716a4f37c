// @ts-check
// Zips of pictures: written without compression, read with it.

/** More files than a scene has, and more bytes than a zip of one, or a file in it, has. */
const MOST_FILES = 5000;
const MOST_BYTES = 1 << 28;
const [LOCAL, CENTRAL, END] = [0x04034b50, 0x02014b50, 0x06054b50];
const [LOCAL_BYTES, CENTRAL_BYTES, END_BYTES] = [30, 46, 22];
/** The list of files of a scene is no longer, in bytes. */
const LIST_BYTES = 1 << 18;
const [STORED, DEFLATED] = [0, 8];

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** The checksum of zip and PNG. @param {Uint8Array} bytes */
export function crc32(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) value = (value >>> 8) ^ TABLE[(value ^ byte) & 255];
  return (value ^ 0xffffffff) >>> 0;
}

/** @param {number} size @param {[number, number, number][]} fields place, bytes and value of each */
function header(size, fields) {
  const view = new DataView(new ArrayBuffer(size));
  for (const [at, bytes, value] of fields) bytes === 4 ? view.setUint32(at, value, true) : view.setUint16(at, value, true);
  return new Uint8Array(view.buffer);
}

/** A zip of files. @param {{ name: string, bytes: Uint8Array }[]} files @returns {Blob} */
export function writeZip(files) {
  const [parts, central] = [/** @type {Uint8Array[]} */ ([]), /** @type {Uint8Array[]} */ ([])];
  let offset = 0;
  for (const { name, bytes } of files) {
    const named = new TextEncoder().encode(name);
    // Version 2.0, names in UTF-8, the first of January 1980.
    const common = /** @type {[number, number, number][]} */ ([[0, 2, 20], [2, 2, 0x800], [8, 2, 33], [10, 4, crc32(bytes)], [14, 4, bytes.length], [18, 4, bytes.length], [22, 2, named.length]]);
    const shifted = (/** @type {number} */ by) => common.map(([at, size, value]) => /** @type {[number, number, number]} */ ([at + by, size, value]));
    parts.push(header(LOCAL_BYTES, [[0, 4, LOCAL], ...shifted(4)]), named, bytes);
    central.push(header(CENTRAL_BYTES, [[0, 4, CENTRAL], [4, 2, 20], ...shifted(6), [42, 4, offset]]), named);
    offset += LOCAL_BYTES + named.length + bytes.length;
  }
  const size = central.reduce((sum, part) => sum + part.length, 0);
  const end = header(END_BYTES, [[0, 4, END], [8, 2, files.length], [10, 2, files.length], [12, 4, size], [16, 4, offset]]);
  return new Blob(/** @type {BlobPart[]} */ ([...parts, ...central, end]), { type: "application/zip" });
}

/** Whether a zip's list of files names one, in any folder. @param {File} zip @param {string} name */
export async function holds(zip, name) {
  return (await zip.slice(-LIST_BYTES).text()).includes(name);
}

/** The files in a zip, those of folders with their paths. @param {File} zip @returns {Promise<{ path: string, file: File }[]>} */
export async function readZip(zip) {
  const damaged = (/** @type {string} */ why) => new Error(`${zip.name} is no zip that can be read: ${why}\nhint: pack it again`);
  if (zip.size > MOST_BYTES) throw new Error(`${zip.name} has ${zip.size} bytes, expected at most ${MOST_BYTES}\nhint: make the pictures smaller`);
  const bytes = new Uint8Array(await zip.arrayBuffer());
  const view = new DataView(bytes.buffer);
  let end = bytes.length - END_BYTES;
  while (end >= 0 && view.getUint32(end, true) !== END) end -= 1;
  if (end < 0) throw damaged("it has no end");
  const count = view.getUint16(end + 10, true);
  if (count > MOST_FILES) throw damaged(`it has ${count} files, expected at most ${MOST_FILES}`);
  const found = [];
  let at = view.getUint32(end + 16, true);
  for (let index = 0; index < count; index++) {
    if (at + CENTRAL_BYTES > bytes.length || view.getUint32(at, true) !== CENTRAL) throw damaged("its list of files is damaged");
    const [method, packed, unpacked, named, extra, comment, local] =
      [view.getUint16(at + 10, true), view.getUint32(at + 20, true), view.getUint32(at + 24, true), view.getUint16(at + 28, true), view.getUint16(at + 30, true), view.getUint16(at + 32, true), view.getUint32(at + 42, true)];
    const path = new TextDecoder().decode(bytes.subarray(at + CENTRAL_BYTES, at + CENTRAL_BYTES + named));
    at += CENTRAL_BYTES + named + extra + comment;
    // Folders, and what systems leave behind.
    if (path.endsWith("/") || /(^|\/)(\.|__MACOSX\/)/.test(path)) continue;
    if (unpacked > MOST_BYTES) throw damaged(`${path} unpacks to ${unpacked} bytes, expected at most ${MOST_BYTES}`);
    if (local + LOCAL_BYTES > bytes.length || view.getUint32(local, true) !== LOCAL) throw damaged(`${path} is not where the list says`);
    const from = local + LOCAL_BYTES + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    const content = bytes.subarray(from, from + packed);
    if (content.length !== packed || (method !== STORED && method !== DEFLATED)) throw damaged(`${path} is damaged, or packed in a way that is not known here`);
    const file = method === STORED ? content : await inflate(content, unpacked).catch(() => { throw damaged(`${path} is damaged`); });
    found.push({ path, file: new File([/** @type {BlobPart} */ (file)], path) });
  }
  return found;
}

/** Unpacks, and stops at what is longer than it says. @param {Uint8Array} packed @param {number} length */
async function inflate(packed, length) {
  const stream = new Blob([/** @type {BlobPart} */ (packed)]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  const whole = new Uint8Array(length);
  let filled = 0;
  for (const reader = stream.getReader(); ;) {
    const { done, value } = await reader.read();
    if (done) break;
    whole.set(value, filled);
    filled += value.length;
  }
  if (filled !== length) throw new Error("too short");
  return whole;
}
