// @ts-check
import { draw, element } from "./dom.js";
import { SIGHT, camera, stand } from "./markers.js";

/** @typedef {import("../types").Camera} Camera */

/** A pointer that goes less far, in pixels, has not dragged what it holds. */
const DRAGGED = 3;

/** @param {import("./scene.js").Scene} scene @param {import("./look.js").Look} look */
export function map(scene, look) {
  const svg = element("map", SVGSVGElement);
  const plan = draw("image", { width: "1", height: "1", class: "plan", preserveAspectRatio: "none" });
  const path = draw("polygon", { class: "path" });
  const shown = draw("g");
  const sight = draw("path", { d: SIGHT, class: "sight" });
  const view = camera("view", "Where you look");
  view.prepend(sight);
  const cones = draw("g");
  view.toggleAttribute("hidden", true);
  svg.append(plan, path, cones, shown, view);

  let scale = 1;
  /** The picture of the map that is shown. @type {Blob | undefined} */
  let planned;
  const report = (/** @type {Error} */ error) => scene.pool.events.fail(error);
  const at = (/** @type {MouseEvent} */ event) => {
    const { left, top, width, height } = svg.getBoundingClientRect();
    return { u: (event.clientX - left) / width, v: (event.clientY - top) / height };
  };
  const place = (/** @type {MouseEvent} */ event, /** @type {Camera} */ camera) =>
    /** @type {Promise<Camera>} */ (scene.surveyor.call("place", { camera, ...at(event) }));

  scene.addEventListener("survey", () => {
    path.setAttribute("points", scene.survey.path.join(" "));
    // Who can go ahead, but not up, walks in corridors, where there is less room for marks.
    scale = scene.survey.advances && !scene.survey.rises ? 0.62 : 1;
    plan.toggleAttribute("hidden", !scene.survey.plan || !!scene.own);
    if (planned === scene.survey.plan) return;
    URL.revokeObjectURL(plan.getAttribute("href") ?? "");
    planned = scene.survey.plan;
    if (planned) plan.setAttribute("href", URL.createObjectURL(planned));
  });
  scene.addEventListener("views", () => {
    const focused = [...shown.children].indexOf(/** @type {Element} */ (document.activeElement));
    while (shown.children.length > scene.views.length) shown.lastElementChild?.remove();
    const lost = focused >= shown.children.length ? focused : -1;
    while (shown.children.length < scene.views.length) shown.append(context(shown.children.length));
    while (cones.children.length > scene.views.length) cones.lastElementChild?.remove();
    while (cones.children.length < scene.views.length) cones.append(draw("g", {}, draw("path", { d: SIGHT, class: "seen" })));
    scene.views.forEach(({ map }, index) => [shown, cones].forEach((group) => stand(group.children[index], map, scale)));
    // Who took a camera away goes on from the next.
    if (lost >= 0 && shown.children.length) /** @type {SVGElement} */ (shown.children[Math.min(lost, shown.children.length - 1)]).focus();
  });
  look.addEventListener("place", () => {
    view.toggleAttribute("hidden", !look.place);
    if (look.place) stand(view, look.place.map, scale);
  });

  /** Drags a camera; looks from there if it was only touched.
   * @param {Element} node @param {() => Camera | undefined} from @param {(camera: Camera) => void} put */
  function draggable(node, from, put) {
    let moved = 0;
    node.addEventListener("pointerdown", (event) => {
      if (/** @type {PointerEvent} */ (event).button > 0) return;
      moved = 0;
      event.preventDefault();
      event.stopPropagation();
      node.setPointerCapture(/** @type {PointerEvent} */ (event).pointerId);
      /** @type {SVGElement} */ (node).focus();
      node.classList.add("held");
    });
    node.addEventListener("pointermove", (event) => {
      const [camera, { movementX, movementY }] = [from(), /** @type {PointerEvent} */ (event)];
      if (!node.classList.contains("held") || !camera) return;
      moved += Math.abs(movementX) + Math.abs(movementY);
      if (moved >= DRAGGED) place(/** @type {PointerEvent} */ (event), camera).then(put, report);
    });
    node.addEventListener("pointerup", () => {
      const camera = from();
      if (node.classList.contains("held") && moved < DRAGGED && camera) look.glide(camera).catch(report);
    });
    for (const end of ["pointerup", "pointercancel"]) node.addEventListener(end, () => node.classList.remove("held"));
  }

  /** @param {number} index */
  function context(index) {
    const node = camera("context", `Picture ${index + 1}`, String(index + 1));
    const put = (/** @type {Camera} */ camera) => { if (!scene.own) scene.put(index, camera).catch(report); };
    draggable(node, () => scene.views[index]?.camera, put);
    node.addEventListener("keydown", (event) => {
      const { key } = /** @type {KeyboardEvent} */ (event);
      const turn = { ArrowLeft: -1, ArrowRight: 1 }[key] ?? 0;
      const go = { ArrowUp: 1, ArrowDown: -1 }[key] ?? 0;
      if (key === "Enter" || key === " ") look.glide(scene.views[index].camera).catch(report);
      else if (key === "Delete" || key === "Backspace") scene.remove(index).catch(report);
      else if ((!turn && !go) || scene.own || !scene.motion([turn, 0, go]).some(Boolean)) return;
      else scene.surveyor.call("moved", { camera: scene.views[index].camera, motion: scene.motion([turn / 30, 0, go / 30]) }).then(put, report);
      event.preventDefault();
      event.stopPropagation();
    });
    return node;
  }

  view.addEventListener("keydown", (event) => {
    if (!["Enter", " "].includes(/** @type {KeyboardEvent} */ (event).key)) return;
    element("painted", HTMLElement).focus();
    event.preventDefault();
    event.stopPropagation();
  });
  draggable(view, () => look.place?.camera, (camera) => look.jump(camera).catch(report));
  /** Where a pointer went down: who draws it from there scrolls, or changes their mind. */
  let from = [0, 0];
  svg.addEventListener("pointerdown", ({ clientX, clientY }) => { from = [clientX, clientY]; });
  svg.addEventListener("click", (event) => {
    const onCamera = event.target instanceof Element && event.target.closest(".camera");
    const far = Math.hypot(event.clientX - from[0], event.clientY - from[1]) >= DRAGGED;
    if (onCamera || far || scene.own || scene.views.length >= scene.most) return;
    place(event, scene.survey.home).then((camera) => scene.add(camera)).catch(report);
  });
}
