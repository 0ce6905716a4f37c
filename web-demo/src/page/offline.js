// @ts-check
import { element } from "./dom.js";

/** Keeps what was loaded for the next visit; a page without the means works as it did. @returns {Promise<void>} */
export async function keep() {
  if (!("serviceWorker" in navigator)) return;
  const { protocol, href } = new URL("./", location.href);
  if (protocol !== "https:" && !window.isSecureContext) return;
  await navigator.serviceWorker.register("service-worker.js", { scope: href });
  navigator.serviceWorker.addEventListener("message", () => {
    document.documentElement.dataset.offline = "";
    const line = element("offline", HTMLElement);
    if (line.textContent?.includes("Nothing leaves it")) line.textContent = "Runs in this tab, offline too. Nothing leaves it.";
  });
  navigator.serviceWorker.startMessages();
  const { active } = await navigator.serviceWorker.ready;
  const loaded = performance.getEntriesByType("resource").map(({ name }) => name);
  // The glue of a second engine is loaded by a worker, which nobody lists here.
  const glue = loaded.filter((name) => name.endsWith("/tract/gqn_bg.wasm")).map((name) => name.replace("gqn_bg.wasm", "gqn.js"));
  active?.postMessage({ keep: [href, ...new Set([...loaded, ...glue])] });
}
