// @ts-check
import { element, make } from "./dom.js";

/** How uncertain the network was after one picture, after two, and so on: bars, whose heights are means over the views on the way.
 * @param {import("./scene.js").Scene} scene @returns {(count: number, uncertainty: number) => void} counts one view */
export function trail(scene) {
  const bars = element("trail", HTMLElement);
  /** Sums and numbers of views, by pictures. @type {Map<number, [number, number]>} */
  let seen = new Map();
  /** The scene and package that they are of. */
  let of = "";

  return (count, uncertainty) => {
    const { world, seed, model } = scene.state;
    const now = `${model}/${world}/${seed}/${scene.own ? "own" : ""}`;
    if (now !== of) [seen, of] = [new Map(), now];
    const [sum, views] = seen.get(count) ?? [0, 0];
    seen.set(count, [sum + uncertainty, views + 1]);
    const means = [...seen].sort(([a], [b]) => a - b).map(([pictures, [sum, views]]) => ({ pictures, mean: sum / views }));
    const most = Math.max(...means.map(({ mean }) => mean));
    bars.hidden = means.length < 2;
    while (bars.children.length > means.length) bars.lastElementChild?.remove();
    while (bars.children.length < means.length) bars.append(make("i"));
    means.forEach(({ pictures, mean }, index) => {
      const bar = /** @type {HTMLElement} */ (bars.children[index]);
      bar.title = `${pictures} ${pictures === 1 ? "picture" : "pictures"}: ${(100 * mean).toFixed(1)} %`;
      bar.style.height = `${Math.round((100 * mean) / most)}%`;
      bar.classList.toggle("now", pictures === count);
    });
  };
}
