// @ts-check
import { button, element, make, paint, say } from "./dom.js";
import { noun } from "./worlds.js";

const NUMBERS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
  "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"];

/** Pixels of a thumbnail, at most. */
const THUMBNAIL = 128;

/** The pictures that the network is shown: a strip of them, and how many. @param {import("./scene.js").Scene} scene @param {import("./look.js").Look} look */
export function strip(scene, look) {
  const list = element("strip", HTMLElement);
  const counts = element("counts", HTMLElement);
  const report = (/** @type {Error} */ error) => scene.pool.events.fail(error);

  scene.addEventListener("survey", () => {
    const few = [1, 2, 3, 5, 8].filter((count) => count < scene.most);
    counts.replaceChildren(...[...few, scene.most].map((count) =>
      button(String(count), { "data-count": String(count), "aria-label": `Show ${count} ${count === 1 ? "picture" : "pictures"}` }, () => upTo(count))));
    mark();
  });
  scene.addEventListener("views", () => {
    const { views } = scene;
    const focused = [...list.children].findIndex((child) => child.contains(document.activeElement));
    const was = document.activeElement?.className;
    plus.remove();
    for (const blank of list.querySelectorAll(".blank")) blank.remove();
    while (list.children.length > views.length) list.lastElementChild?.remove();
    while (list.children.length < views.length) list.append(item(list.children.length));
    views.forEach(({ rgba, side }, index) => {
      const canvas = list.children[index].querySelector("canvas");
      if (canvas) paint(canvas, rgba, side, scene.state.pixels, THUMBNAIL);
    });
    if (views.length < scene.most) list.append(plus);
    mark();
    if (focused >= 0) refocus(focused, String(was));
  });

  scene.addEventListener("known", () => say("headline", headline(scene.views.length, scene.own ? "your scene" : noun(scene.state.world))));

  const plus = make("li", {}, button("+", { class: "more", "aria-label": "Show it one more picture", title: "One more picture" },
    () => scene.add().catch(report)));

  /** Leaves the focus where it was, or where that is now. @param {number} index in the list @param {string} kind of button */
  function refocus(index, kind) {
    const stays = kind === "more" ? plus.isConnected && plus : list.children[Math.min(index, scene.views.length - 1)];
    const [wanted, otherwise] = [`.${kind}`, ".shot"].map((found) => (stays || list.children[scene.views.length - 1]).querySelector(found));
    const shown = wanted instanceof HTMLElement && getComputedStyle(wanted).display !== "none" ? wanted : otherwise;
    if (shown instanceof HTMLElement && shown !== document.activeElement) shown.focus({ preventScroll: true });
  }

  /** Shows the first so many, keeping those that stand. @param {number} count */
  async function upTo(count) {
    const { shown } = scene.state;
    const free = Array.from({ length: scene.most }, (_, index) => index).filter((index) => !shown.includes(index));
    await scene.show([...shown, ...free].slice(0, count)).catch(report);
  }

  /** @param {number} index */
  function item(index) {
    const stand = button("", { class: "shot", "aria-label": `Stand where picture ${index + 1} was taken`, title: `Look from here (${index + 1})` },
      () => look.glide(scene.views[index].camera).catch(report));
    stand.append(make("canvas", { width: "32", height: "32" }), make("b", {}, String(index + 1)));
    const away = button("×", { class: "away", "aria-label": `Take picture ${index + 1} away`, title: "Take it away" },
      () => scene.remove(index).catch(report));
    return make("li", { class: "item" }, stand, away);
  }

  function mark() {
    const count = scene.views.length;
    const [full, numbers] = [count >= scene.most, scene.own ? "" : NUMBERS[scene.most] ?? String(scene.most)];
    say("how-cameras", full
      ? `Drag cameras along the map. It sees ${numbers} pictures at most: take one away to add another.`
      : "Drag cameras along the map; click an empty place to add one.");
    element("map", SVGSVGElement).classList.toggle("full", full || !!scene.own);
    element("map", SVGSVGElement).setAttribute("aria-label", `Map, seen from above.${scene.own ? "" : ` Drag cameras${full ? "" : "; click an empty place to add one"}.`}`);
    for (const choice of counts.children) choice.setAttribute("aria-pressed", String(choice.getAttribute("data-count") === String(count)));
    list.classList.toggle("single", count === 1);
  }
}

/** @param {number} count @param {string} what */
function headline(count, what) {
  const pictures = count === 1 ? "one picture" : `${NUMBERS[count] ?? count} pictures`;
  const end = { 1: "The rest it has to imagine.", 2: "It begins to understand." }[count] ?? "Look at it from anywhere.";
  return `It has seen ${pictures} of ${what}. ${end}`;
}
