// Keeps the page for when there is no network. What lies under a versioned name never changes and is taken from the
// cache; the rest (the page itself, the list of models, manifests) is asked for first and kept for later.
const version = "dev";
const files = [];

const name = `gqn-${version}`;
const lasting = (url) => url.pathname.includes("/app-") || url.search !== "";

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(name).then((cache) => cache.addAll([...new Set(["./", ...files])])).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const old = (names) => names.filter((other) => other.startsWith("gqn-") && other !== name);
  const clear = caches.keys().then((names) => Promise.all(old(names).map((other) => caches.delete(other))));
  event.waitUntil(clear.then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== location.origin) return;
  event.respondWith(lasting(url) ? kept(event.request).then((hit) => hit ?? fresh(event.request)) : newest(event.request));
});

// The page names what it loaded before this worker was there.
self.addEventListener("message", (event) => {
  if (!event.data?.keep) return;
  const work = event.data.keep.filter((url) => url.startsWith(self.registration.scope)).map(async (url) => {
    if (!(await kept(new Request(url)))) await fresh(new Request(url));
  });
  event.waitUntil(Promise.all(work).then(() => event.source?.postMessage({ kept: true })));
});

const kept = async (request) => (await caches.open(name)).match(request, { ignoreVary: true });

async function fresh(request) {
  const response = await fetch(request);
  if (response.ok) await (await caches.open(name)).put(request, response.clone());
  return response;
}

async function newest(request) {
  try {
    return await fresh(request);
  } catch (error) {
    const hit = await kept(request);
    if (hit) return hit;
    throw error;
  }
}
