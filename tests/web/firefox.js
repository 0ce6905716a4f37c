// @ts-check
// Firefox: it opens, paints as ONNX Runtime does, works without the network, and complains of nothing.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { firefox } from "./bidi.js";
import { SCENE, difference, dist, open } from "./browser.js";
import { decode, reference } from "./reference.js";
import { serve } from "./server.js";

const PROGRAM = process.env.FIREFOX ?? "/usr/bin/firefox-esr";
/** Of 255, in a channel: rounding in two engines. */
const TOLERANCE = 2;
const READY = 'document.documentElement.dataset.ready !== undefined && document.querySelector("#prediction").dataset.rest === document.querySelector("#prediction").dataset.key';

test("Firefox opens the page, paints within 2/255 of ONNX Runtime, and works offline", { skip: !existsSync(PROGRAM) && `no ${PROGRAM}` }, async () => {
  const server = await serve(dist);
  const browser = await firefox(PROGRAM);
  const folder = mkdtempSync(join(tmpdir(), "gqn-web-"));
  try {
    await browser.go(`${server.url}${SCENE}&mean=1`);
    await browser.until(READY);
    await browser.until('location.hash.includes("at=")');
    const { hash, pixels } = await browser.evaluate(`(() => {
      const canvas = document.querySelector("#prediction");
      return { hash: location.hash, pixels: [...canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data] };
    })()`);
    const at = new URLSearchParams(hash.slice(1)).get("at") ?? "";
    const bytes = Uint8Array.from(Buffer.from(at, "base64url"));
    const expected = reference([...new Float32Array(bytes.buffer)], 3, ["--temperature", "0"], folder);
    // A PNG is decoded by the other browser.
    await open({}, async (page) => assert.ok(difference(pixels, await decode(page, expected)) <= TOLERANCE));
    await browser.until("document.documentElement.dataset.offline !== undefined");
    await server.stop();
    await browser.go(`${server.url}?again${SCENE}`);
    await browser.until(READY);
    assert.deepEqual(browser.complaints().filter((/** @type {string} */ text) => !/NetworkError|Failed to fetch/.test(text)), []);
  } finally {
    await browser.end();
    await server.stop().catch(() => undefined);
    rmSync(folder, { recursive: true });
  }
});
