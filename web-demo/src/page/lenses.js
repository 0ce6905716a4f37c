// @ts-check
import { element, paint, say } from "./dom.js";
import { latest } from "./remote.js";
import { trail } from "./trail.js";

const SAMPLES = 8;
/** Milliseconds between two looks through the lenses while one walks around, at least. */
const LIVE_MS = 250;
/** Between two comparisons with the truth meanwhile, at least. */
const COMPARED_MS = 100;

/** @typedef {import("../types").Job} Job @typedef {import("./remote.js").Remote} Remote */

/** Everything that is painted: the view, the truth, and what is between them.
 * @param {import("./scene.js").Scene} scene @param {import("./look.js").Look} look */
export function lenses(scene, look) {
  const { state, pool, surveyor } = scene;
  const canvas = (/** @type {string} */ id) => element(id, HTMLCanvasElement);
  const figure = (/** @type {string} */ id) => element(`${id}-figure`, HTMLElement);
  const step = element("step", HTMLInputElement);
  /** What the lenses show, to be shown again when pixels are asked for. @type {Map<string, Uint8Array>} */
  const shown = new Map();
  /** The pictures of all steps. @type {Uint8Array | undefined} */
  let steps;

  const put = (/** @type {string} */ id, /** @type {Uint8Array} */ rgba) => {
    shown.set(id, rgba);
    // Its own size: what a model before showed may still stand there.
    paint(canvas(id), rgba, Math.sqrt(rgba.length / 4), state.pixels);
  };
  /** The picture that was compared with the truth last, and when. @type {{ at?: typeof look.shown, when: number }} */
  let compared = { when: 0 };
  const compare = latest(async () => {
    const at = look.shown;
    if (!at?.truth || at === compared.at) return;
    compared = { at, when: performance.now() };
    const { psnr, ssim, difference } = await surveyor.call("compare", { painted: at.rgba, truth: at.truth, side: scene.side });
    say("metrics", `PSNR ${psnr.toFixed(1)} dB · SSIM ${ssim.toFixed(2)}`);
    put("difference", difference);
  });

  look.addEventListener("picture", () => {
    if (!look.shown) return;
    const { rgba, truth, job } = look.shown;
    put("prediction", rgba);
    canvas("prediction").dataset.key = job.key;
    if (truth) put("truth", truth);
    if (!state.orbit || !watch(job)) for (const id of ["uncertainty", "drawing"]) figure(id).classList.add("stale");
    if (!state.orbit || performance.now() - compared.when >= COMPARED_MS) compare(undefined).catch(pool.events.fail);
  });

  const told = trail(scene);
  let watched = 0;
  /** Keeps the lenses near the pictures of the walk around; false if nobody has time for that. @param {Job} job */
  function watch(job) {
    if (performance.now() - watched < LIVE_MS) return true;
    watched = performance.now();
    const { key } = pool.scene;
    const current = () => state.orbit && pool.scene.key === key;
    return pool.live(async (remote) => {
      await draw(remote, job, current);
      await disagree(remote, job, current);
    });
  }

  look.addEventListener("rest", () => {
    const job = look.shown?.job;
    if (!job) return;
    compare(undefined).catch(pool.events.fail);
    canvas("prediction").dataset.rest = job.key;
    const current = () => look.settled && look.shown?.job.key === job.key;
    pool.later((remote) => draw(remote, job, current));
    pool.later((remote) => disagree(remote, job, current));
  });

  /** @param {Remote} remote @param {Job} job @param {() => boolean} current */
  async function draw(remote, { camera, seed, temperature }, current) {
    const found = await remote.call("drawing", { camera, seed, temperature });
    if (current()) drawn(found);
  }

  /** @param {Remote} remote @param {Job} job @param {() => boolean} current */
  async function disagree(remote, { camera }, current) {
    const { rgba, mean } = await remote.call("uncertainty", { camera, seed: state.noise, samples: SAMPLES });
    if (!current()) return;
    put("uncertainty", rgba);
    say("spread", `eight guesses differ by ${(100 * mean).toFixed(1)} %`);
    told(scene.views.length, mean);
    figure("uncertainty").classList.remove("stale");
  }

  scene.addEventListener("survey", () => {
    for (const id of ["truth", "difference"]) figure(id).hidden = !!scene.own;
    if (scene.own) say("metrics", "");
  });
  step.addEventListener("input", () => {
    state.step = step.value === step.max ? 0 : step.valueAsNumber;
    scene.dispatchEvent(new Event("state"));
    drawn(steps);
  });

  /** @param {Uint8Array | undefined} pictures after each step, stacked */
  function drawn(pictures) {
    steps = pictures;
    figure("drawing").hidden = !pictures;
    if (!pictures) return;
    const bytes = 4 * scene.side * scene.side;
    const last = pictures.length / bytes;
    const now = state.step && state.step < last ? state.step : last;
    step.max = String(last);
    step.value = String(now);
    step.setAttribute("aria-valuetext", `step ${now} of ${last}`);
    say("step-text", `step ${now} of ${last}`);
    put("drawing", pictures.slice((now - 1) * bytes, now * bytes));
    figure("drawing").classList.remove("stale");
  }

  return {
    /** Paints everything anew: smooth, or as pixels. */
    repaint() {
      for (const [id, rgba] of shown) put(id, rgba);
    },
  };
}
