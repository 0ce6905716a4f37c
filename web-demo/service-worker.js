// Keeps the page for when there is no network. What lies under a versioned name never changes and is taken from the
// caches; the rest (the page itself, the list of models, manifests) is asked for first and kept for later.
const version = "dev";
const files = [];

const name = `gqn-${version}`;
/** Caches of versions before, as long as pages of theirs may be open: so many. */
const EARLIER = 2;
const root = self.registration.scope;
/** The folder of this version's parts. */
const app = files.find((file) => file.startsWith("app-"))?.split("/")[0];

/** The app under its version, and files of models under their checksums. */
const lasting = ({ pathname, search }) => pathname.includes("/app-") || (pathname.includes("/models/") && search !== "");

self.addEventListener("install", (event) => {
  // Past the browser's own cache: that may still hold the page of the version before.
  const requests = [...new Set(["./", ...files])].map((file) => new Request(file, { cache: "reload" }));
  event.waitUntil(caches.open(name).then((cache) => cache.addAll(requests)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(sweep().then(() => self.clients.claim()));
});

/** Removes caches of versions before. A page that is open still loads its own version's parts when it opens another model.
 * @param {string[]} [loaded] what the page that asks has loaded */
async function sweep(loaded = []) {
  const open = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const alone = open.length === 1 && loaded.some((url) => url.includes(`/${app}/`));
  const old = (await caches.keys()).filter((other) => other.startsWith("gqn-") && other !== name);
  const gone = open.length && !alone ? old.slice(0, Math.max(0, old.length - EARLIER)) : old;
  await Promise.all(gone.map((other) => caches.delete(other)));
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (lasting(url)) event.respondWith(kept(request).then((hit) => hit ?? fresh(request)));
  else event.respondWith(newest(request, page(request, url) ? root : request));
});

/** Whether a request is for the page, with or without something behind a question mark. */
const page = ({ mode }, { origin, pathname }) => mode === "navigate" && origin + pathname === root;

// The page names what it loaded before this worker was there.
self.addEventListener("message", (event) => {
  if (!event.data?.keep) return;
  const loaded = event.data.keep.filter((url) => url.startsWith(root));
  const work = Promise.all(loaded.map(keep)).then(() => sweep(loaded));
  event.waitUntil(work.then(() => event.source?.postMessage({ kept: true })));
});

/** Puts into this version's cache what a page loaded, be it out of an earlier one's. @param {string} url */
async function keep(url) {
  const request = new Request(url);
  const cache = await caches.open(name);
  // Another version's parts stay in that version's cache.
  if (url.includes("/app-") && !url.includes(`/${app}/`)) return;
  if (await cache.match(request, { ignoreVary: true })) return;
  const earlier = await kept(request);
  if (earlier && lasting(new URL(url))) return cache.put(request, earlier);
  await fresh(request).catch((error) => (earlier ? cache.put(request, earlier) : Promise.reject(error)));
}

/** From this version's cache, or from an earlier one's. */
async function kept(request) {
  const hit = await (await caches.open(name)).match(request, { ignoreVary: true });
  return hit ?? caches.match(request, { ignoreVary: true });
}

async function fresh(request, key = request) {
  const response = await fetch(request);
  // A page in the place of a file comes from somebody between here and the server.
  const foreign = /\.(?!html)\w+$/.test(new URL(request.url).pathname) && response.headers.get("content-type")?.startsWith("text/html");
  if (response.ok && !foreign) await (await caches.open(name)).put(key, response.clone());
  return response;
}

async function newest(request, key) {
  try {
    return await fresh(request, key);
  } catch (error) {
    const hit = await kept(key);
    if (hit) return hit;
    throw error;
  }
}
