// @ts-check
// Who paints what, without a page: painters that answer when they are told to.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Pool } from "../../web-demo/src/page/pool.js";
import { latest } from "../../web-demo/src/page/remote.js";

/** Lets everything go on that can. */
const soon = () => new Promise((resolve) => setTimeout(resolve));

/** A picture that is asked for. @param {string} key @param {number} [serial] */
const job = (key, serial = 0) => ({ key, camera: new Float32Array(5), seed: 1, temperature: 1, serial });

/** A pool with so many painters, and what they were asked. @param {number} painters */
function staged(painters) {
  /** @type {{ painter: number, operation: string, argument: any, answer: (result: any) => void }[]} */
  const asked = [];
  /** @type {string[]} */
  const shown = [];
  const pool = new Pool({ picture: (/** @type {any} */ { key, serial }) => { if (serial) shown.push(key); }, fail: assert.fail });
  for (let painter = 0; painter < painters; painter++) {
    const call = (/** @type {string} */ operation, /** @type {any} */ argument) =>
      operation === "scene" ? Promise.resolve() : new Promise((answer) => { asked.push({ painter, operation, argument, answer }); });
    pool.add({ call, end() {} });
  }
  return { pool, asked, shown };
}

const PICTURE = { rgba: new Uint8Array(4), ms: 1 };

test("the latest wish wins, and what was wished between is never painted", async () => {
  const { pool, asked, shown } = staged(1);
  for (let serial = 1; serial <= 5; serial++) {
    pool.want(job(`view ${serial}`, serial), []);
    await soon();
  }
  assert.equal(asked.length, 1, "one painter paints one picture");
  asked[0].answer(PICTURE);
  await soon();
  assert.equal(asked.length, 2);
  asked[1].answer(PICTURE);
  await soon();
  assert.deepEqual([asked.length, shown], [2, ["view 1", "view 5"]]);
});

test("others paint ahead, the first waits for wishes, and what was painted ahead is there at once", async () => {
  const { pool, asked, shown } = staged(3);
  pool.want(job("here", 1), [job("left"), job("right"), job("far")]);
  await soon();
  assert.deepEqual(asked.map(({ painter }) => painter), [0, 1, 2]);
  for (const { answer } of asked.splice(0)) answer(PICTURE);
  await soon();
  assert.deepEqual(asked.map(({ painter }) => painter), [1], "the third neighbour; nobody else has work, and the first waits");
  pool.want(job("left", 2), []);
  assert.deepEqual(shown, ["here", "left"], "shown at once");
  pool.want(job("far", 3), []);
  await soon();
  assert.equal(asked.length, 1, "what is being painted is not painted twice");
  asked[0].answer(PICTURE);
  await soon();
  assert.deepEqual(shown, ["here", "left", "far"]);
});

test("what takes long waits for rest, and is forgotten when one goes on", async () => {
  const { pool, asked } = staged(1);
  /** @type {string[]} */
  const done = [];
  pool.want(job("here", 1), []);
  await soon();
  pool.later(async () => { done.push("slow"); });
  await soon();
  assert.deepEqual(done, []);
  asked[0].answer(PICTURE);
  await soon();
  assert.deepEqual(done, ["slow"]);
  pool.want(job("there", 2), []);
  await soon();
  pool.later(async () => { done.push("too late"); });
  pool.want(job("elsewhere", 3), []);
  asked[1].answer(PICTURE);
  await soon();
  asked[2].answer(PICTURE);
  await soon();
  assert.deepEqual(done, ["slow"]);
});

test("of calls that wait, only the latest is made", async () => {
  /** @type {number[]} */
  const made = [];
  /** @type {(() => void)[]} */
  const ends = [];
  const call = latest((/** @type {number} */ argument) => new Promise((/** @type {(value: void) => void} */ resolve) => {
    made.push(argument);
    ends.push(resolve);
  }));
  for (const argument of [1, 2, 3]) call(argument);
  ends[0]();
  await soon();
  assert.deepEqual(made, [1, 3]);
});

test("a package that has not seen the scene yet is given no work about it", async () => {
  const { pool, asked } = staged(1);
  pool.setScene("old", []);
  const calls = /** @type {string[]} */ ([]);
  const another = /** @type {any} */ ({ call: async (/** @type {string} */ operation) => { calls.push(operation); }, end() {} });
  pool.restart(another);
  pool.later((remote) => remote.call("drawing", {}));
  await soon();
  assert.deepEqual(calls, [], "what the old package was told is nothing to it");
  pool.setScene("old", []);
  pool.later((remote) => remote.call("drawing", {}));
  await soon();
  assert.deepEqual(calls, ["scene", "drawing"]);
  assert.deepEqual(asked, []);
});

test("what a picture tells is sent to a painter once", async () => {
  const sent = /** @type {[string, any][]} */ ([]);
  const pool = new Pool({ picture() {}, fail: assert.fail });
  const call = async (/** @type {string} */ operation, /** @type {any} */ argument) => {
    if (operation !== "query") sent.push([operation, operation === "keep" ? argument.contribution : argument.length]);
    return PICTURE;
  };
  pool.add(/** @type {any} */ ({ call, end() {} }));
  const [one, other] = [new Float32Array(1), new Float32Array(2)];
  for (const [serial, contributions] of [[one], [one, other], [other], [one, other]].entries()) {
    pool.setScene(`scene ${serial}`, contributions);
    pool.want(job(`view ${serial}`, serial + 1), []);
    await soon();
  }
  // What a scene is without is forgotten, and sent again when it is back.
  assert.deepEqual(sent, [["keep", one], ["scene", 1], ["keep", other], ["scene", 2], ["scene", 1], ["keep", one], ["scene", 2]]);
});

test("a painter that has not worked on the scene is told it before it is asked for something of it", async () => {
  const { pool, asked } = staged(2);
  const told = new Float32Array(1);
  pool.setScene("one", [told]);
  const drawn = pool.ofScene("drawing", {});
  await soon();
  assert.deepEqual(asked.map(({ painter, operation, argument }) => [painter, operation, argument.contribution]), [[1, "keep", told]]);
  // Another scene comes while it is told of this one: the answer is of one of them, and what is told arrives in order.
  const other = new Float32Array(2);
  pool.setScene("two", [other]);
  const again = pool.ofScene("drawing", {});
  await soon();
  assert.equal(asked.length, 1);
  asked[0].answer(undefined);
  await soon();
  assert.deepEqual(asked.slice(1).map(({ operation, argument }) => [operation, argument.contribution]), [["drawing", undefined], ["keep", other]]);
  asked[1].answer("first");
  asked[2].answer(undefined);
  await soon();
  assert.equal(asked[3].operation, "drawing");
  asked[3].answer("second");
  assert.deepEqual(await Promise.all([drawn, again]), ["first", "second"]);
});

test("a painter that says nothing while it is told a scene is given up", async () => {
  const { Silent } = await import("../../web-demo/src/page/remote.js");
  let lost = 0;
  const pool = new Pool({ picture() {}, fail: assert.fail, lost() { lost += 1; } });
  pool.add(/** @type {any} */ ({ call: () => Promise.reject(new Silent()), end() {} }));
  pool.setScene("one", [new Float32Array(1)]);
  await assert.rejects(pool.ofScene("drawing", {}), Silent);
  assert.deepEqual([pool.painters.length, lost], [0, 1]);
});

test("what is to stay live is done between wishes, the latest of it, by a painter to spare", async () => {
  const alone = staged(1);
  assert.equal(alone.pool.live(async () => assert.fail("nobody has time")), false);
  const { pool, asked } = staged(2);
  /** @type {string[]} */
  const done = [];
  pool.want(job("here", 1), [job("left"), job("right")]);
  await soon();
  assert.deepEqual(asked.map(({ painter }) => painter), [0, 1]);
  for (const name of ["old", "new"]) assert.ok(pool.live(async (remote) => { await remote.call(name); done.push(name); }));
  pool.want(job("there", 2), [job("far")]);
  await soon();
  asked[1].answer(PICTURE);
  await soon();
  assert.deepEqual(asked.slice(2).map(({ painter, operation }) => [painter, operation]), [[1, "query"]], "the wish comes first");
  asked[2].answer(PICTURE);
  await soon();
  assert.deepEqual(asked.slice(3).map(({ painter, operation }) => [painter, operation]), [[1, "new"]], "before what is painted ahead");
  asked[3].answer(undefined);
  await soon();
  assert.deepEqual(done, ["new"]);
  assert.deepEqual(asked.slice(4).map(({ operation, argument }) => [operation, argument.seed]), [["query", 1]], "and then that");
});
