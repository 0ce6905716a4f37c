// @ts-check
import { closing, element, make } from "./dom.js";
import { notice } from "./messages.js";

/** Shares the link, opens the docs, and leads to parts of the page without touching what the link says.
 * @param {import("./scene.js").Scene} scene @param {{ changed: () => void, fail: (error: unknown) => void }} page */
export function sharing(scene, { changed, fail }) {
  element("share", HTMLElement).addEventListener("click", async () => {
    changed();
    const mine = [scene.own && "pictures", !scene.state.model && "model"].filter(Boolean).join(" and your ");
    if (mine) return notice(`A link cannot carry your ${mine}: they stay in this tab.`);
    const { href } = location;
    if (matchMedia("(pointer: coarse)").matches && navigator.canShare?.({ url: href })) {
      const shared = await navigator.share({ title: document.title, url: href }).then(() => true, (error) => error.name === "AbortError");
      if (shared) return;
    }
    const told = await navigator.clipboard?.writeText(href).then(() => true, () => false);
    notice(told ? "The link to this view is copied." : "The link in the address bar is this view.");
  });
  for (const anchor of document.querySelectorAll("a[href^='#']")) {
    anchor.addEventListener("click", (event) => {
      const part = document.querySelector(anchor.getAttribute("href") ?? "");
      if (!(part instanceof HTMLElement)) return;
      event.preventDefault();
      if (part.tabIndex < 0) part.setAttribute("tabindex", "-1");
      part.focus({ preventScroll: true });
      part.scrollIntoView({ behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth", block: "start" });
    });
  }
  docs(fail);
}

/** The project's documents, which lie beside the page. @param {(error: unknown) => void} fail */
function docs(fail) {
  const menu = element("docs-page", HTMLSelectElement);
  const text = element("docs-text", HTMLElement);
  const get = async (/** @type {string} */ name) => {
    const response = await fetch(`docs/${name}`);
    if (!response.ok) throw new Error(`could not load docs/${name}: the server answered ${response.status}\nhint: see whether you are online`);
    return response.text();
  };
  const turn = async (/** @type {string} */ name) => {
    const [{ markdown }, page] = await Promise.all([import("./markdown.js"), get(name)]);
    text.replaceChildren(...markdown(page));
    text.scrollTop = 0;
  };
  menu.addEventListener("change", () => turn(menu.value).catch(fail));
  closing("docs");
  const open = async () => {
    try {
      if (!menu.length) {
        const names = /** @type {string[]} */ (JSON.parse(await get("pages.json")));
        menu.append(...names.map((name) => make("option", { value: name }, name.replace(/\.md$/, ""))));
      }
      await turn(menu.value);
      element("docs", HTMLDialogElement).showModal();
    } catch (error) {
      fail(error);
    }
  };
  for (const button of document.querySelectorAll(".docs-open")) button.addEventListener("click", open);
}
