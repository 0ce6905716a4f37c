// @ts-check
/** @typedef {import("./drop.js").Entry} Entry */

/** A scene of pictures as somebody would drop it: those of `example/`. @returns {Promise<Entry[]>} */
export async function example() {
  const folder = new URL("../../example/", import.meta.url);
  const get = async (/** @type {string} */ name) => {
    const response = await fetch(new URL(name, folder)).catch((error) => { throw new Error(`could not load the example: ${error.message}\nhint: see whether you are online`); });
    if (!response.ok) throw new Error(`could not load the example: the server answered ${response.status}`);
    return { path: `example/${name}`, file: new File([await response.blob()], name) };
  };
  const list = await get("views.json");
  const { views } = /** @type {{ views: { picture: string }[] }} */ (JSON.parse(await list.file.text()));
  return [list, ...(await Promise.all(views.map(({ picture }) => get(picture))))];
}
