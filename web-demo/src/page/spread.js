// @ts-check
// How far several guesses of one view lie apart, as a picture and as a number.

/** Colours of nothing, of a quarter, … and of all of the scale: those of the page's scales. */
const STOPS = [[0, 0, 0], [80, 18, 123], [202, 62, 80], [252, 176, 50], [255, 255, 240]];
/** The standard deviation that is shown as the last colour, as a share of the full range. */
const MOST = 0.25;

/** The standard deviation of each pixel over the guesses, the mean of its three channels.
 * @param {Uint8Array[]} guesses RGBA, of one size @returns {{ rgba: Uint8Array, mean: number }} `mean` as a share of the full range */
export function spread(guesses) {
  const rgba = new Uint8Array(guesses[0].length);
  let total = 0;
  for (let at = 0; at < rgba.length; at += 4) {
    let sum = 0;
    for (let channel = 0; channel < 3; channel++) {
      const values = guesses.map((guess) => guess[at + channel] / 255);
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      sum += Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
    }
    rgba.set([...colour(sum / 3 / MOST), 255], at);
    total += sum / 3;
  }
  return { rgba, mean: (4 * total) / rgba.length };
}

/** @param {number} share of the scale */
function colour(share) {
  const place = Math.min(share, 1) * (STOPS.length - 1);
  const below = Math.min(Math.floor(place), STOPS.length - 2);
  return STOPS[below].map((value, channel) => Math.round(value + (place - below) * (STOPS[below + 1][channel] - value)));
}
