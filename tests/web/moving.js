// @ts-check
// Every world and every way to move in it: wheel, pinch, gamepad, the keys that go ahead, the walk around.
import assert from "node:assert/strict";
import { test } from "node:test";
import { PATIENCE, PHONE, difference, here, link, open, pixels, repaint, rest } from "./browser.js";

/** @typedef {import("playwright-core").Page} Page */

/** A link to a scene of a world. @param {string} world */
const scene = (world) => `#world=${world}&seed=7&shown=0.1.2&noise=1&pixels=1`;

/** How far a camera is from the middle of the floor. @param {number[]} camera */
const ground = ([x, y]) => Math.hypot(x, y);

/** The middle of the picture. @param {Page} page @returns {Promise<{ x: number, y: number }>} */
async function middle(page) {
  const box = await page.locator("#painted").boundingBox();
  assert.ok(box);
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}

/** What can be done in each world: W goes nearer, or up, or does nothing. @type {[string, "nearer" | "higher" | "nothing" | "ahead", RegExp][]} */
const WORLDS = [
  ["shepard-metzler-5", "higher", /this chain/],
  ["shepard-metzler-7", "higher", /this chain/],
  ["rooms-ring-camera", "nothing", /this room/],
  ["rooms-free-camera-with-object-rotations", "nearer", /this room/],
  ["rooms-free-camera-no-object-rotations", "nearer", /this room/],
  ["mazes", "ahead", /this maze/],
  ["jaco", "higher", /this arm/],
];

test("all worlds are offered", () => open({}, async (page) => {
  const offered = await page.locator("#world option").evaluateAll((options) => options.map((option) => /** @type {HTMLOptionElement} */ (option).value));
  assert.deepEqual(offered.sort(), WORLDS.map(([world]) => world).sort());
}));

for (const [world, forward, words] of WORLDS) {
  test(`one moves about in ${world}`, () => open({ hash: scene(world) }, async (page) => {
    assert.match(await page.locator("#headline").innerText(), words);
    const home = await here(page);
    const truth = await pixels(page, "#truth");
    await repaint(page, () => page.keyboard.press("ArrowLeft"));
    const turned = await here(page);
    assert.notDeepEqual(turned, home);
    assert.ok(difference(truth, await pixels(page, "#truth")) > 0, "the truth follows");
    // A few steps: one by one, so that each is gone.
    for (let step = 0; step < 5; step++) {
      if (forward === "nothing") await page.keyboard.press("w");
      else await repaint(page, () => page.keyboard.press("w"));
    }
    const gone = await here(page);
    if (forward === "nothing") assert.deepEqual(gone, turned);
    else if (forward === "higher") assert.ok(gone[2] > turned[2] + 0.01, `${gone} is higher than ${turned}`);
    else if (forward === "nearer") assert.ok(ground(gone) < ground(turned) - 0.01, `${gone} is nearer than ${turned}`);
    else assert.ok(Math.hypot(gone[0] - turned[0], gone[1] - turned[1]) > 0.01, `${gone} is ahead of ${turned}`);
    // Round the way by itself, until the first input.
    await page.click("#orbit");
    await page.waitForFunction((key) => document.querySelector("#prediction")?.getAttribute("data-key") !== key,
      await page.locator("#prediction").getAttribute("data-key"), PATIENCE);
    await page.locator("#strip .shot").first().click();
    assert.equal(await page.locator("#orbit").getAttribute("aria-pressed"), "false");
    await rest(page);
  }));
}

test("twenty pictures of a maze fit on a phone", () => open({ viewport: PHONE, hash: scene("mazes") }, async (page) => {
  await repaint(page, () => page.locator("#counts button").last().click());
  assert.equal(await page.locator("#strip canvas").count(), 20);
  assert.match(await page.locator("#headline").innerText(), /twenty pictures of this maze/);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= PHONE.width, `the page is ${wide} pixels wide`);
}));

test("the wheel rises about a chain, comes nearer in a room, and scrolls where there is neither", async () => {
  await open({ hash: scene("shepard-metzler-5") }, async (page) => {
    const before = await here(page);
    const { x, y } = await middle(page);
    await page.mouse.move(x, y);
    await repaint(page, () => page.mouse.wheel(0, -120));
    assert.ok((await here(page))[2] > before[2]);
    assert.equal(await page.evaluate(() => scrollY), 0);
  });
  await open({ hash: scene("rooms-free-camera-no-object-rotations") }, async (page) => {
    const before = await here(page);
    const { x, y } = await middle(page);
    await page.mouse.move(x, y);
    await repaint(page, () => page.mouse.wheel(0, -120));
    const near = await here(page);
    assert.ok(ground(near) < ground(before) - 0.01);
    await repaint(page, () => page.mouse.wheel(0, 60));
    assert.ok(ground(await here(page)) > ground(near) + 0.01);
  });
  await open({}, async (page) => {
    const before = await here(page);
    const { x, y } = await middle(page);
    await page.mouse.move(x, y);
    await page.mouse.wheel(0, 120);
    await page.waitForFunction(() => scrollY > 0, null, PATIENCE);
    assert.deepEqual(await here(page), before);
  });
});

/** Fingers that touch the picture and move. @param {Page} page @param {{ x: number, y: number }[][]} places of the fingers, one after another */
async function touch(page, [first, ...others]) {
  const session = await page.context().newCDPSession(page);
  const send = (/** @type {"touchStart" | "touchMove" | "touchEnd"} */ type, /** @type {{ x: number, y: number }[]} */ touchPoints) =>
    session.send("Input.dispatchTouchEvent", { type, touchPoints: touchPoints.map((point, id) => ({ ...point, id })) });
  await send("touchStart", first);
  for (const places of others) await send("touchMove", places);
  await send("touchEnd", []);
}

test("two fingers rise and sink, one walks around (phone)", () => open({ viewport: PHONE, hash: scene("jaco") }, async (page) => {
  const before = await here(page);
  const { x, y } = await middle(page);
  const azimuth = (/** @type {number[]} */ [x, y]) => Math.atan2(y, x);
  const apart = (/** @type {number} */ far) => [{ x: x - far, y }, { x: x + far, y }];
  await repaint(page, () => touch(page, [20, 26, 32, 38, 44].map(apart)));
  const high = await here(page);
  assert.ok(high[2] > before[2] + 0.01, `${high} is higher than ${before}`);
  assert.ok(Math.abs(azimuth(high) - azimuth(before)) < 1e-4, "fingers that part turn nothing");
  await repaint(page, () => touch(page, [44, 38, 32, 26, 20].map(apart)));
  assert.ok((await here(page))[2] < high[2] - 0.01);
  await repaint(page, () => touch(page, [0, 8, 16, 24, 32].map((aside) => [{ x: x + aside, y }])));
  assert.ok(Math.abs(azimuth(await here(page)) - azimuth(before)) > 0.1, "one finger turned");
}));

test("a gamepad moves, guesses again and goes home", () => open({
  hash: scene("rooms-free-camera-no-object-rotations"),
  prepare: (page) => page.addInitScript(() => {
    const pad = { axes: [0, 0, 0, 0], buttons: Array.from({ length: 17 }, () => ({ pressed: false })) };
    Object.assign(window, { pad });
    navigator.getGamepads = () => [null, /** @type {any} */ (pad)];
  }),
}, async (page) => {
  /** Holds an axis until there is another picture. @param {number} axis @param {number} value */
  const push = async (axis, value) => {
    await repaint(page, async () => {
      const key = await page.locator("#prediction").getAttribute("data-key");
      await page.evaluate(([axis, value]) => { /** @type {any} */ (window).pad.axes[axis] = value; }, [axis, value]);
      await page.waitForFunction((key) => document.querySelector("#prediction")?.getAttribute("data-key") !== key, key, PATIENCE);
      await page.evaluate(() => { /** @type {any} */ (window).pad.axes.fill(0); });
    });
    return here(page);
  };
  const press = (/** @type {number} */ button, /** @type {boolean} */ pressed) =>
    page.evaluate(([button, pressed]) => { /** @type {any} */ (window).pad.buttons[Number(button)] = { pressed }; }, [button, pressed]);
  const home = await here(page);
  // A stick that is not quite in its middle does nothing; after some of the ticks that are 45 ms apart.
  await page.evaluate(() => { /** @type {any} */ (window).pad.axes.fill(0.15); });
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 400)));
  assert.deepEqual(await here(page), home);
  await page.evaluate(() => { /** @type {any} */ (window).pad.axes.fill(0); });
  const turned = await push(0, 1);
  assert.notEqual(turned[3], home[3]);
  const near = await push(1, -1);
  assert.ok(ground(near) < ground(turned), "the stick goes ahead");
  const low = await push(3, 1);
  assert.ok(low[2] < near[2], "the other one sinks");
  await repaint(page, () => press(0, true));
  await page.waitForFunction(() => location.hash.includes("noise=2"), null, PATIENCE);
  // It is still held: that is one guess, not many.
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 400)));
  assert.equal((await link(page)).get("noise"), "2");
  await press(0, false);
  await repaint(page, () => press(1, true));
  await press(1, false);
  assert.deepEqual(await here(page), home);
}));
