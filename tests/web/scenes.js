// @ts-check
// The scene: what it is shown, links, other scenes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { PATIENCE, PHONE, difference, manifest, open, pixels, repaint } from "./browser.js";

test("fewer pictures are other knowledge, and the same again is the same picture", () => open({}, async (page) => {
  const three = await pixels(page, "#prediction");
  await repaint(page, () => page.click("#counts [data-count='1']"));
  assert.match(await page.locator("#headline").innerText(), /seen one picture of this room/);
  assert.equal(await page.locator("#strip canvas").count(), 1);
  assert.ok(difference(three, await pixels(page, "#prediction")) > 0);
  await repaint(page, () => page.click("#counts [data-count='3']"));
  assert.equal(difference(three, await pixels(page, "#prediction")), 0);
}));

for (const viewport of [undefined, PHONE]) {
  test(`pictures are added, dragged on the map and taken away${viewport ? " (phone)" : ""}`, () => open({ viewport }, async (page) => {
    await repaint(page, () => page.click("#strip .more"));
    assert.equal(await page.locator("#strip canvas").count(), 4);
    assert.equal(await page.locator("#strip .more").count(), 1);
    await page.waitForFunction(() => location.hash.includes("shown=0.1.2.3&"), null, PATIENCE);
    await page.locator("#map").scrollIntoViewIfNeeded();
    const box = await page.locator("#map").boundingBox();
    const handle = await page.locator("#map .context").nth(1).locator(".handle").boundingBox();
    assert.ok(box && handle);
    await repaint(page, async () => {
      await page.mouse.move(handle.x + handle.width / 2, handle.y + handle.height / 2);
      await page.mouse.down();
      await page.mouse.move(box.x + box.width * 0.5, box.y + box.height * 0.96, { steps: 6 });
      await page.mouse.up();
    });
    await page.waitForFunction(() => /shown=0\.[\w-]{27}\.2\.3/.test(location.hash), null, PATIENCE);
    await repaint(page, () => page.locator("#map .context").nth(0).press("Delete"));
    await page.waitForFunction(() => /shown=[\w-]{27}\.2\.3/.test(location.hash), null, PATIENCE);
    assert.equal(await page.locator("#strip canvas").count(), 3);
  }));
}

test("a link is the view: another visitor sees the same picture", () => open({}, async (page, url) => {
  await repaint(page, () => page.keyboard.press("ArrowRight"));
  await repaint(page, () => page.click("#guess"));
  await repaint(page, () => page.locator("#map .context").nth(1).press("ArrowRight"));
  await page.waitForFunction(() => /shown=0\.[\w-]{27}\.2/.test(location.hash) && /noise=2/.test(location.hash), null, PATIENCE);
  const [painted, truth, hash] = [await pixels(page, "#prediction"), await pixels(page, "#truth"), await page.evaluate(() => location.hash)];
  await open({ hash, url }, async (other) => {
    assert.equal(difference(painted, await pixels(other, "#prediction")), 0);
    assert.equal(difference(truth, await pixels(other, "#truth")), 0);
    assert.equal(await other.evaluate(() => location.hash), hash);
  });
}));

test("a link that makes no sense is a page that works", () =>
  open({ hash: "#world=nowhere&seed=-1&shown=999.xyz&at=zzz&noise=x&step=7&pixels=1" }, async (page) => {
    await page.waitForFunction(() => /shown=0&/.test(location.hash), null, PATIENCE);
    assert.equal(await page.locator("#messages .message").count(), 0);
  }));

test("the dice and the worlds make other scenes", () => open({}, async (page) => {
  const before = await pixels(page, "#truth");
  await repaint(page, () => page.click("#dice"));
  assert.ok(difference(before, await pixels(page, "#truth")) > 8);
  await repaint(page, () => page.selectOption("#world", "shepard-metzler-5"));
  assert.match(await page.locator("#headline").innerText(), /this chain/);
  await repaint(page, () => page.keyboard.press("ArrowUp"));
}));

test("the drawing goes through its steps, the last of which is the picture", () => open({}, async (page) => {
  const slider = page.locator("#step");
  await page.waitForFunction(() => document.querySelector("#drawing-figure:not(.stale), #drawing-figure[hidden]"), null, PATIENCE);
  if (await page.locator("#drawing-figure").isHidden()) return assert.equal(manifest.files["drawing.onnx"], undefined);
  const painted = await pixels(page, "#prediction");
  assert.equal(await slider.getAttribute("max"), String(manifest.config.steps));
  assert.ok(difference(painted, await pixels(page, "#drawing")) <= 2, "the last step is the picture");
  await slider.fill("1");
  assert.match(await page.locator("#step-text").innerText(), /step 1 of/);
  assert.ok(difference(painted, await pixels(page, "#drawing")) > 2, "the first is not");
}));
