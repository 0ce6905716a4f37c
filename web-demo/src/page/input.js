// @ts-check
import { element } from "./dom.js";
import { STEP } from "./steps.js";

/** Milliseconds between two steps while a key or a stick is held. */
const HELD_MS = 45;

/** Keys that move: what they draw to the right and down, and how far they go ahead. @type {Record<string, number[]>} */
const MOVES = {
  ArrowLeft: [1, 0, 0], KeyA: [1, 0, 0], ArrowRight: [-1, 0, 0], KeyD: [-1, 0, 0],
  ArrowUp: [0, 1, 0], KeyW: [0, 0, 1], ArrowDown: [0, -1, 0], KeyS: [0, 0, -1],
};

/** How far the wheel turns for the width of a picture, in pixels; a line of text is so many. */
const WHEEL = 600;
const LINE = 16;

/** Moves by pointer, touch, wheel, keys and gamepad.
 * @param {import("./scene.js").Scene} scene @param {(motion: number[]) => void} move in steps
 * @param {Record<string, () => void>} press what single keys and gamepad buttons do */
export function input(scene, move, press) {
  const frame = element("painted", HTMLElement);
  pointers(scene, frame, move);

  /** @type {Set<string>} */
  const held = new Set();
  document.addEventListener("keydown", (event) => {
    const inForm = event.target instanceof Element && event.target.closest("input:not([type=range]), select, textarea, dialog");
    if (inForm || event.ctrlKey || event.metaKey || event.altKey) return;
    const onButton = event.target instanceof Element && event.target.closest("button, input, a");
    if (MOVES[event.code] && !(onButton instanceof HTMLInputElement)) {
      // What moves nothing here is left to the browser: the arrows scroll.
      if (!scene.motion(MOVES[event.code]).some(Boolean)) return;
      held.add(event.code);
      if (!event.repeat) move(MOVES[event.code]);
    } else if (press[event.key.toLowerCase()] && !(onButton && event.key === " ")) {
      press[event.key.toLowerCase()]();
    } else return;
    event.preventDefault();
  });
  document.addEventListener("keyup", (event) => held.delete(event.code));
  window.addEventListener("blur", () => held.clear());

  const pressed = { guess: false, reset: false };
  const tick = () => {
    for (const code of held) move(MOVES[code]);
    for (const pad of navigator.getGamepads?.() ?? []) if (pad) gamepad(pad, pressed, move, press);
  };
  setInterval(tick, HELD_MS);
}

/** @param {Gamepad} pad @param {{ guess: boolean, reset: boolean }} pressed @param {(motion: number[]) => void} move @param {Record<string, () => void>} press */
function gamepad(pad, pressed, move, press) {
  const down = (/** @type {number} */ index) => Number(pad.buttons[index]?.pressed ?? false);
  const axis = (/** @type {number} */ index) => (Math.abs(pad.axes[index] ?? 0) > 0.2 ? Math.round(3 * pad.axes[index]) : 0);
  const turn = down(14) - down(15) - axis(0) - axis(2);
  const [draw, go] = [down(12) - down(13) - axis(3), -axis(1)];
  if (turn || draw || go) move([turn, draw, go]);
  if (down(0) && !pressed.guess) press.n();
  if (down(1) && !pressed.reset) press.r();
  pressed.guess = down(0) === 1;
  pressed.reset = down(1) === 1;
}

/** Drags with one pointer, pinches with two, and the wheel. @param {import("./scene.js").Scene} scene @param {HTMLElement} frame @param {(motion: number[]) => void} move */
function pointers(scene, frame, move) {
  /** @type {Map<number, { x: number, y: number }>} */
  const down = new Map();
  const rest = [0, 0, 0];
  /** Adds what was drawn and gone, in fractions of the picture, and goes the whole steps of it. @param {number[]} fractions */
  const drag = (fractions) => {
    const motion = fractions.map((fraction, axis) => {
      rest[axis] += fraction / STEP;
      const whole = Math.trunc(rest[axis]);
      rest[axis] -= whole;
      return whole;
    });
    if (motion.some(Boolean)) move(motion);
  };
  const apart = () => {
    const [a, b] = [...down.values()];
    return Math.hypot(a.x - b.x, a.y - b.y);
  };
  frame.addEventListener("pointerdown", (event) => {
    if (event.button > 0) return;
    frame.setPointerCapture(event.pointerId);
    down.set(event.pointerId, { x: event.clientX, y: event.clientY });
    frame.classList.add("held");
    move([0, 0, 0]);
  });
  frame.addEventListener("pointermove", (event) => {
    const before = down.get(event.pointerId);
    if (!before) return;
    const side = frame.clientWidth;
    const pinch = down.size === 2 ? apart() : 0;
    const [dx, dy] = [event.clientX - before.x, event.clientY - before.y];
    down.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (down.size === 1) drag([dx / side, dy / side, 0]);
    else if (down.size === 2) drag([0, 0, (apart() - pinch) / side]);
  });
  for (const end of ["pointerup", "pointercancel"]) {
    frame.addEventListener(end, (event) => {
      down.delete(/** @type {PointerEvent} */ (event).pointerId);
      frame.classList.toggle("held", down.size > 0);
    });
  }
  frame.addEventListener("wheel", (event) => {
    const { rises, advances } = scene.survey;
    if (!(rises || advances) || event.ctrlKey) return;
    event.preventDefault();
    const unit = (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE : 1) / WHEEL;
    drag([-event.deltaX * unit, 0, -event.deltaY * unit]);
  }, { passive: false });
  scene.addEventListener("survey", () => {
    const { rises, advances } = scene.survey;
    frame.classList.toggle("deep", rises || advances);
  });
}
