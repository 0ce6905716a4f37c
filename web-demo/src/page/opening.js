// @ts-check
import { element, say } from "./dom.js";

/** How long each number of pictures is on show, from when the network has seen them. */
const BEAT_MS = 2300;

/** The story of the page: pictures are given one after another while the camera walks around, in the mean picture. Who wants
 * less motion sees stills from one place. It ends when the view is moved or anything else is pressed, and can be played again.
 * `data-story` of the document says `playing`, `stopped` or `over`.
 * @param {import("./scene.js").Scene} scene @param {import("./look.js").Look} look
 * @param {{ walk: (on: boolean) => void, set: (change: { mean: boolean }) => void, fail: (error: Error) => void }} page */
export function opening(scene, look, { walk, set, fail }) {
  const replay = element("replay", HTMLButtonElement);
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  /** The story that is being told. @type {symbol | undefined} */
  let mine;

  /** @param {"playing" | "stopped" | "over"} how */
  function tell(how) {
    document.documentElement.dataset.story = how;
    replay.setAttribute("aria-pressed", String(how === "playing"));
    say("replay", how === "playing" ? "Stop" : how === "over" ? "Play it again" : "Play the story");
  }

  function stop() {
    if (!mine) return;
    mine = undefined;
    tell("stopped");
  }

  /** Numbers of pictures, one after another. */
  const beats = () => {
    const few = [1, 2, 3, 4, 5, 8, 14].filter((count) => count < scene.most);
    return [...few, scene.most];
  };

  /** Waits until the network has seen what it is shown now. @param {number} count */
  const seen = (count) => new Promise((resolve) => {
    const listen = () => {
      if (scene.known.length !== count) return;
      scene.removeEventListener("known", listen);
      resolve(undefined);
    };
    scene.addEventListener("known", listen);
    listen();
  });

  async function play() {
    const story = (mine = Symbol("story"));
    tell("playing");
    set({ mean: true });
    if (!calm.matches) walk(true);
    for (const count of beats()) {
      await lookedAt();
      await scene.show(Array.from({ length: count }, (_, index) => index));
      await Promise.race([seen(count), new Promise((resolve) => setTimeout(resolve, 4 * BEAT_MS))]);
      await new Promise((resolve) => setTimeout(resolve, BEAT_MS));
      if (mine !== story) return;
    }
    mine = undefined;
    tell("over");
  }

  replay.addEventListener("click", () => {
    if (mine) return stop();
    if (scene.own) return;
    play().catch(fail);
  });
  look.addEventListener("taken", stop);
  scene.addEventListener("survey", () => { replay.hidden = !!scene.own; });
  // What somebody presses is what they want to see.
  for (const kind of ["click", "change"]) {
    document.addEventListener(kind, ({ target, isTrusted }) => {
      const pressed = target instanceof Element && target.closest("button, select, input, #strip, #map");
      if (isTrusted && pressed && pressed !== replay) stop();
    }, true);
  }
  window.addEventListener("hashchange", stop);
  return { play, stop };
}

/** Waits until the page is in front: what nobody sees is not told. */
async function lookedAt() {
  while (document.hidden) await new Promise((resolve) => document.addEventListener("visibilitychange", resolve, { once: true }));
}
