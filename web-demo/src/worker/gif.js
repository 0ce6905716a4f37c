// @ts-check
// A worker of its own: pictures become an animated GIF. One palette for all of them, so that nothing flickers.

/** Colours of a GIF. */
const COLOURS = 256;
/** Bits of a colour that are told apart when the palette is made. */
const BITS = 5;

/** @param {{ frames: Uint8Array[], side: number, delay: number }} animation RGBA, and hundredths of a second for each
 * @returns {Uint8Array} */
export function gif({ frames, side, delay }) {
  const { palette, nearest } = quantise(frames);
  const bytes = [...new TextEncoder().encode("GIF89a"), side & 255, side >> 8, side & 255, side >> 8, 0xf7, 0, 0, ...palette];
  // It goes round for ever.
  bytes.push(0x21, 0xff, 11, ...new TextEncoder().encode("NETSCAPE2.0"), 3, 1, 0, 0, 0);
  const parts = [Uint8Array.from(bytes)];
  for (const frame of frames) {
    const indices = new Uint8Array(side * side);
    for (let at = 0; at < indices.length; at++) indices[at] = nearest[cell(frame, 4 * at)];
    parts.push(Uint8Array.from([0x21, 0xf9, 4, 4, delay & 255, delay >> 8, 0, 0, 0x2c, 0, 0, 0, 0, side & 255, side >> 8, side & 255, side >> 8, 0, 8]), compress(indices));
  }
  parts.push(Uint8Array.of(0x3b));
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  parts.reduce((at, part) => (whole.set(part, at), at + part.length), 0);
  return whole;
}

/** @param {Uint8Array} rgba @param {number} at */
const cell = (rgba, at) => ((rgba[at] >> (8 - BITS)) << (2 * BITS)) | ((rgba[at + 1] >> (8 - BITS)) << BITS) | (rgba[at + 2] >> (8 - BITS));

/** A palette by median cut: the box of colours whose sums of squares are largest is cut at its mean. @param {Uint8Array[]} frames */
function quantise(frames) {
  const size = 1 << (3 * BITS);
  const sums = new Float64Array(4 * size);
  for (const frame of frames) {
    for (let at = 0; at < frame.length; at += 4) {
      const place = 4 * cell(frame, at);
      for (let channel = 0; channel < 3; channel++) sums[place + channel] += frame[at + channel];
      sums[place + 3] += 1;
    }
  }
  const used = Array.from({ length: size }, (_, index) => index).filter((index) => sums[4 * index + 3]);
  let boxes = [measured(used, sums)];
  while (boxes.length < COLOURS) {
    const widest = boxes.reduce((most, box) => (box.spread > most.spread ? box : most));
    if (!(widest.spread > 0)) break;
    const { axis, mean, cells } = widest;
    const low = (/** @type {number} */ index) => sums[4 * index + axis] / sums[4 * index + 3] <= mean[axis];
    const [below, above] = [cells.filter(low), cells.filter((index) => !low(index))];
    if (!below.length || !above.length) { widest.spread = 0; continue; }
    boxes = [...boxes.filter((box) => box !== widest), measured(below, sums), measured(above, sums)];
  }
  const palette = new Uint8Array(3 * COLOURS);
  const nearest = new Uint8Array(size);
  boxes.forEach(({ mean, cells }, index) => {
    palette.set(mean.map(Math.round), 3 * index);
    for (const place of cells) nearest[place] = index;
  });
  return { palette, nearest };
}

/** @param {number[]} cells @param {Float64Array} sums */
function measured(cells, sums) {
  const [total, squares] = [[0, 0, 0], [0, 0, 0]];
  let count = 0;
  for (const place of cells) {
    const weight = sums[4 * place + 3];
    count += weight;
    for (let channel = 0; channel < 3; channel++) {
      total[channel] += sums[4 * place + channel];
      squares[channel] += sums[4 * place + channel] ** 2 / weight;
    }
  }
  const mean = total.map((sum) => sum / Math.max(count, 1));
  const spreads = squares.map((square, channel) => square - count * mean[channel] ** 2);
  const axis = spreads.indexOf(Math.max(...spreads));
  return { cells, mean, axis, spread: cells.length > 1 ? spreads[axis] : 0 };
}

/** LZW, in blocks of up to 255 bytes. @param {Uint8Array} indices */
function compress(indices) {
  const [clear, end] = [COLOURS, COLOURS + 1];
  /** @type {number[]} */
  const out = [];
  let [bits, held, width] = [0, 0, 9];
  const put = (/** @type {number} */ code) => {
    bits |= code << held;
    held += width;
    for (; held >= 8; held -= 8, bits >>>= 8) out.push(bits & 255);
  };
  /** @type {Map<number, number>} */
  let table = new Map();
  let next = end + 1;
  put(clear);
  let prefix = indices[0];
  for (let at = 1; at < indices.length; at++) {
    const key = (prefix << 8) | indices[at];
    const known = table.get(key);
    if (known !== undefined) { prefix = known; continue; }
    put(prefix);
    prefix = indices[at];
    if (next === 4096) {
      put(clear);
      [table, next, width] = [new Map(), end + 1, 9];
      continue;
    }
    if (next >= 1 << width) width += 1;
    table.set(key, next++);
  }
  put(prefix);
  if (next >= 1 << width && width < 12) width += 1;
  put(end);
  if (held) out.push(bits & 255);
  const blocks = [];
  for (let at = 0; at < out.length; at += 255) {
    const block = out.slice(at, at + 255);
    blocks.push(block.length, ...block);
  }
  blocks.push(0);
  return Uint8Array.from(blocks);
}

if (typeof self === "object" && "postMessage" in self && typeof window === "undefined") {
  self.addEventListener("message", ({ data }) => {
    const bytes = gif(data);
    /** @type {any} */ (self).postMessage(bytes, { transfer: [bytes.buffer] });
  });
}
