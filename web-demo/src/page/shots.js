// @ts-check
import { writeCamera } from "./state.js";

/** @typedef {import("../types").View} View @typedef {import("../types").Camera} Camera @typedef {import("../types").OwnView} OwnView */
/** @typedef {import("./scene.js").Scene} Scene */

/** A picture that the network is shown: taken by a camera of the scene, or one's own.
 * @param {Scene} scene @param {string} name of scene and package @param {number | Camera} shown @param {Map<string, View>} before
 * pictures that are there already, by key @returns {Promise<View>} */
export async function picture(scene, name, shown, before) {
  const index = typeof shown === "number" ? shown : undefined;
  if (scene.own && index !== undefined) return mine(scene, scene.own[index]);
  const camera = typeof shown === "number" ? scene.survey.cameras[shown] : shown;
  const side = scene.side || 32;
  const key = `${name}/${side}/${index ?? writeCamera(camera)}`;
  const { rgba, map } = before.get(key) ?? (await scene.surveyor.call("shoot", { camera, side }));
  return { key, index, camera, map, rgba, side };
}

/** A picture of one's own in the size that the network sees. @param {Scene} scene @param {OwnView} view @returns {Promise<View>} */
async function mine(scene, view) {
  const { name, file } = view;
  const side = scene.side || view.side;
  if (side !== view.side) {
    const { rgba } = await scene.surveyor.call("photograph", { name, file, side });
    Object.assign(view, { rgba, side });
  }
  return { ...view };
}
