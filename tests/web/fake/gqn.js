// The contract of the bindings with nothing behind it: for looking at the page's layout without a build, and for tests of what
// is shown of a scene. A package whose manifest has a grid is one of a voxel model.
export default async function init() {}

const SIDE = 32;
const wait = (ms) => { const end = performance.now() + ms; while (performance.now() < end); };

function ball([x, y, z, yaw], side, blur) {
  const rgba = new Uint8Array(4 * side * side);
  for (let i = 0; i < side * side; i++) {
    const [column, row] = [i % side, Math.floor(i / side)];
    const angle = Math.atan2(y, x);
    const hit = Math.hypot(column - side / 2 - side / 4 * Math.sin(angle), row - side * 0.6) < side / 5;
    const wall = row < side * 0.55;
    const stripe = Math.sin(yaw * 8 + column / 3) > blur ? 18 : 0;
    const colour = hit ? [220, 60, 70] : row < side * 0.25 ? [176, 206, 232] : wall ? [222 - stripe, 160, 80] : [176 - stripe, 150, 110];
    rgba.set([...colour, 255], 4 * i);
  }
  return rgba;
}
const ring = (angle) => Float32Array.of(0.85 * Math.cos(angle), 0.85 * Math.sin(angle), 0.42, angle + Math.PI, -0.26);
const angleOf = ([x, y]) => Math.atan2(y, x);
const flat = (cameras) => Float32Array.from(cameras.flatMap((camera) => [...camera]));

export class Scene {
  static worlds() { return ["shepard-metzler-5", "rooms-ring-camera", "mazes"]; }
  static fieldOfView() { return FIELD_OF_VIEW; }
  constructor(name, seed) {
    this.seed = Number(seed);
    // A scene that is never ready.
    while (this.seed === 99);
  }
  free() {}
  maxContext() { return 5; }
  cameras(count) { return flat(Array.from({ length: count }, (_, i) => ring(this.seed + 2.4 * i))); }
  orbit(count) { return flat(Array.from({ length: count }, (_, i) => ring(2 * Math.PI * i / count))); }
  render(camera, side) { return ball(camera, side, 0); }
  plan(side) { return new Uint8Array(4 * side * side).fill(140); }
  canRaise() { return false; }
  canAdvance() { return false; }
  onward(camera, steps) { return this.move(camera, -steps / 540); }
  home() { return ring(0); }
  between(from, to, t) { return ring(angleOf(from) + t * (angleOf(to) - angleOf(from))); }
  move(camera, turn) { return ring(angleOf(camera) - turn * Math.PI); }
  toMap(camera) { return Float32Array.of(0.5 + camera[0] / 2, 0.5 - camera[1] / 2, Math.PI / 2 - camera[3]); }
  fromMap(camera, u, v) { return ring(Math.atan2(0.5 - v, u - 0.5)); }
}
const CELLS = 24;
/** What lies before a camera: a wedge of the box, from -1 to 1 along x and y. */
function wedge([x, y, , yaw]) {
  const density = new Float32Array(CELLS * CELLS);
  for (let i = 0; i < density.length; i++) {
    const at = [i % CELLS, Math.floor(i / CELLS)].map((cell) => (2 * cell + 1) / CELLS - 1);
    const angle = Math.atan2(at[1] - y, at[0] - x) - yaw;
    const far = Math.hypot(at[0] - x, at[1] - y);
    if (Math.cos(angle) > Math.cos(0.42) && far < 1.5) density[i] = 2 + Math.sin(9 * far);
  }
  return density;
}
export class Occupancy {
  columns = CELLS; rows = CELLS; corners = Float32Array.of(-1, 1, 0, 0, 0, 1, -1, 0, 0, 0);
  constructor(density) { this.density = density; }
  free() {}
  add(density) { density.forEach((value, i) => { this.density[i] += value; }); }
  get filled() { return this.density.filter((value) => value > 1.4).length / this.density.length; }
  get rgba() {
    const rgba = new Uint8Array(4 * CELLS * CELLS).fill(255);
    this.density.forEach((value, i) => { rgba[4 * (CELLS * (CELLS - 1 - Math.floor(i / CELLS)) + (i % CELLS)) + 3] = 255 * (1 - Math.exp(-value / 2)); });
    return rgba;
  }
}
const FIELD_OF_VIEW = 0.872665;
export class Viewer {
  static fromZip() { throw new Error("error: not a zip\nhint: drop another"); }
  static fromFiles(names, contents, progress) { progress?.("read", 0.5); wait(300); const made = JSON.parse(new TextDecoder().decode(contents[0])); if (made.config.hangs === "open") for (;;); return new Viewer(JSON.parse(new TextDecoder().decode(contents[0]))); }
  imageSize = SIDE; steps = 4;
  constructor({ config, metrics = {} }) { this.config = config; this.metrics = metrics; }
  free() {} warmUp() {} setScene() {} addScene() {}
  clear() { this.density = new Float32Array(CELLS * CELLS); }
  observe(rgba, side, camera) { this.density = wedge(camera); return 0; }
  occupancy() { return this.config.voxel && new Occupancy(this.density); }
  emptyOccupancy() { return this.config.voxel && new Occupancy(new Float32Array(CELLS * CELLS)); }
  checkFieldOfView(what, found) { if (this.config.voxel && Math.abs(found - FIELD_OF_VIEW) > 1e-3) throw new Error(`${what}: another field of view\nhint: crop the pictures`); }
  cameraWarnings(what, cameras) { return cameras.some((value, at) => at % 5 === 4 && Math.abs(value) > 1.6) ? [`of view 0 in ${what} the pitch is odd: angles are in radians`] : []; }
  checkRenderedScenes() { const found = this.config.voxel?.field_of_view ?? FIELD_OF_VIEW; if (Math.abs(found - FIELD_OF_VIEW) > 1e-3) throw new Error("rendered scenes have another field of view\nhint: their own pictures"); }
  scene() { return new Float32Array(8); }
  manifest() { return JSON.stringify({ config: this.config, step: 4000, precision: "fp32", variant: "optimised", provenance: { data: "rooms-ring-camera, 4000 rendered scenes", seconds: 1680, metrics: { psnr_generated: 17.2, mse_generated: 0.02, mse_constant: 0.041, ...this.metrics } } }); }
  card() { return "# A card\n\nOf `some` words.\n\n| size |  |\n|---|---:|\n| pictures | 32 |\n\n```sh\ngqn-run verify .\n```\n\n- a limit\n- another"; }
  describe() { return "fake 0.0 (simd128)"; }
  query(camera) { if (this.config.hangs) for (;;); wait(40); return ball(camera, SIDE, 2); }
  drawing(camera) { return Uint8Array.from([0, 1, 2, 3].flatMap((i) => [...ball(camera, SIDE, i)])); }
  uncertainty(camera) { return { rgba: ball(camera, SIDE, 2), mean: 0.03, free() {} }; }
}
export const compare = (a, b) => ({ mse: 0.01, psnr: 20, ssim: 0.8, difference: a, free() {} });
/** Pictures are not resized here: the square's corner is repeated. */
export class Photograph {
  constructor(width, height, to) { this.side = Math.min(width, height); this.left = (width - this.side) >> 1; this.top = (height - this.side) >> 1; this.to = to; }
  free() {}
  push(rgba) { this.first ??= rgba.slice(0, 4); }
  finish() { return Uint8Array.from(Array.from({ length: this.to * this.to }, () => [...this.first]).flat()); }
}
export const sizeInHeader = () => new Uint32Array(0);
export const isWhole = () => true;
export const checkPhotograph = () => {};
export const parseViews = (json) => { const { views, field_of_view: fieldOfView } = JSON.parse(new TextDecoder().decode(json)); return { fieldOfView, files: views.map((v) => v.picture ?? ""), cameras: flat(views.map((v) => [...v.position, v.yaw, v.pitch])), free() {} }; };
