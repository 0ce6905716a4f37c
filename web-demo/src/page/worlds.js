// @ts-check

/** What people call a world, and one scene of it. @type {Record<string, [string, string]>} */
const WORLDS = {
  "shepard-metzler-5": ["Chains of five cubes", "this chain"],
  "shepard-metzler-7": ["Chains of seven cubes", "this chain"],
  "rooms-ring-camera": ["Rooms, seen from a ring", "this room"],
  "rooms-free-camera-with-object-rotations": ["Rooms, seen from anywhere", "this room"],
  "rooms-free-camera-no-object-rotations": ["Rooms, objects unturned", "this room"],
  mazes: ["Mazes", "this maze"],
  jaco: ["Robot arms", "this arm"],
};

/** @param {string} world */
export const label = (world) => WORLDS[world]?.[0] ?? world.replaceAll("-", " ");

/** @param {string} world */
export const noun = (world) => WORLDS[world]?.[1] ?? "this scene";
