// @ts-check
import { say } from "./dom.js";
import { cost } from "./why.js";

/** How many of the last views the numbers tell of. */
const TOLD = 50;
/** Milliseconds between two changes of the numbers: nobody reads faster. */
const TELL_MS = 250;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let telling;
let told = -TELL_MS;
/** How long the last views took, and how much of that time no view before was being painted. @type {number[][]} */
const times = [];
let last = 0;

/** Counts a view that took so long. @param {number} ms */
export function count(ms) {
  const now = performance.now();
  times.push([ms, Math.min(ms, now - last)]);
  last = now;
  if (times.length > TOLD) times.shift();
  telling ??= setTimeout(tell, told + TELL_MS - now);
}

function tell() {
  [telling, told] = [undefined, performance.now()];
  const median = times.map(([ms]) => ms).toSorted((a, b) => a - b)[times.length >> 1];
  const text = `${median.toFixed(median < 10 ? 1 : 0)} ms`;
  say("n-ms", text);
  cost(text);
  say("speed", text);
  const busy = times.reduce((sum, [, busy]) => sum + busy, 0);
  say("n-rate", ((1000 * times.length) / busy).toFixed(0));
}
