// @ts-check

/** The element with that id; the page has it. @template {Element} T @param {string} id @param {new () => T} kind @returns {T} */
export function element(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`the page has no ${kind.name} #${id}`);
  return found;
}

/** A new element with attributes and children.
 * @param {string} name @param {Record<string, string>} attributes @param {(Node | string)[]} children */
export function make(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

/** The same for a drawing. @param {string} name @param {Record<string, string>} attributes @param {(Node | string)[]} children */
export function draw(name, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

/** @template {Element} T @param {T} node @param {Record<string, string>} attributes @param {(Node | string)[]} children */
function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** A button. @param {string} label @param {Record<string, string>} attributes @param {() => void} press */
export function button(label, attributes, press) {
  const made = make("button", { type: "button", ...attributes }, label);
  made.addEventListener("click", press);
  return made;
}

/** @param {string} id @param {string} text */
export function say(id, text) {
  const node = element(id, HTMLElement);
  if (node.textContent !== text) node.textContent = text;
}

/** A dialog that a click beside it closes; browsers that know `closedby` are there first. @param {string} id */
export function closing(id) {
  const dialog = element(id, HTMLDialogElement);
  dialog.addEventListener("click", (event) => {
    // What lies around it is the dialog itself too.
    const { left, right, top, bottom } = dialog.getBoundingClientRect();
    const { clientX: x, clientY: y, target } = event;
    if (target === dialog && (x < left || x > right || y < top || y > bottom)) dialog.close();
  });
}

/** How often a picture's pixels are enlarged before the browser scales the rest. */
const ENLARGED = 4;

/** The largest canvas of a picture, in pixels: no screen shows it larger. */
const LARGEST = 1024;

/** Where pictures lie while they are enlarged, by their sides. @type {Map<number, OffscreenCanvas>} */
const small = new Map();

/** Shows square pictures, smooth or as pixels. @param {HTMLCanvasElement} canvas @param {Uint8Array} rgba @param {number} side
 * @param {boolean} pixels @param {number} [most] pixels of the canvas */
export function paint(canvas, rgba, side, pixels, most = LARGEST) {
  const image = new ImageData(new Uint8ClampedArray(rgba), side, side);
  const size = Math.min(pixels ? side : ENLARGED * side, most);
  if (canvas.width !== size) canvas.width = canvas.height = size;
  canvas.classList.toggle("pixels", pixels);
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  if (size === side) return context.putImageData(image, 0, 0);
  const own = small.get(side) ?? new OffscreenCanvas(side, side);
  small.set(side, own);
  /** @type {OffscreenCanvasRenderingContext2D} */ (own.getContext("2d", { willReadFrequently: true })).putImageData(image, 0, 0);
  context.imageSmoothingQuality = "high";
  context.drawImage(own, 0, 0, size, size);
}

/** The page is thought to be shown after so many milliseconds; where nobody looks at it, it is not. */
const SHOWN_MS = 200;

/** Waits until the page was shown for the first time. */
export async function shown() {
  if (performance.getEntriesByType("paint").length) return;
  await new Promise((resolve) => {
    setTimeout(resolve, SHOWN_MS);
    // The frame itself comes after what is called for it.
    requestAnimationFrame(() => setTimeout(resolve));
  });
}
