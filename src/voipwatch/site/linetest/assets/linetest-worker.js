// Keeps the line test's page for when the line is dead, and reports that were consented to until it lives again.
// Scope: the page's own folder. Nothing else of the site is touched.

const CACHE = "line-test-1";
const LIVE = new Set(["config.json", "calls", "ping", "reports"]);
const KEPT_MAX = 20;

self.addEventListener("install", (event) => event.waitUntil(self.skipWaiting()));

self.addEventListener("activate", (event) => event.waitUntil((async () => {
  for (const name of await caches.keys()) {
    if (name.startsWith("line-test-") && name !== CACHE) await caches.delete(name);
  }
  await self.clients.claim();
})()));

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  const name = url.pathname.split("/").pop();
  if (event.request.method !== "GET" || url.origin !== self.location.origin || LIVE.has(name)) return;
  event.respondWith(fresh(event.request));
});

// The network's answer, else the kept one.
async function fresh(request) {
  const cache = await caches.open(CACHE);
  try {
    const answer = await fetch(request);
    if (answer.ok) await cache.put(request.url, answer.clone());
    return answer;
  } catch (error) {
    const kept = await cache.match(request.url);
    if (kept) return kept;
    throw error;
  }
}

self.addEventListener("message", (event) => {
  const { kind, urls, report, base } = event.data ?? {};
  const tell = (word) => event.ports[0]?.postMessage(word);
  if (kind === "keep") event.waitUntil(keep(urls).then(() => tell("kept")));
  if (kind === "send") event.waitUntil(put(report).then(() => flush(base)).then(tell));
  if (kind === "flush") event.waitUntil(flush(base).then(tell));
});

async function keep(urls) {
  const cache = await caches.open(CACHE);
  await Promise.all(urls.map((url) => cache.add(url).catch(() => undefined)));
}

// --- the queue: IndexedDB, at most twenty reports, the oldest go first ------------------------------------------

function open() {
  return new Promise((done, fail) => {
    const request = indexedDB.open("line-test", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("reports", { autoIncrement: true });
    request.onsuccess = () => done(request.result);
    request.onerror = () => fail(request.error);
  });
}

async function within(mode, work) {
  const database = await open();
  try {
    return await new Promise((done, fail) => {
      const transaction = database.transaction("reports", mode);
      const request = work(transaction.objectStore("reports"));
      transaction.oncomplete = () => done(request.result);
      transaction.onerror = () => fail(transaction.error);
    });
  } finally {
    database.close();
  }
}

async function put(report) {
  const keys = await within("readonly", (store) => store.getAllKeys());
  for (const key of keys.slice(0, Math.max(0, keys.length + 1 - KEPT_MAX))) {
    await within("readwrite", (store) => store.delete(key));
  }
  await within("readwrite", (store) => store.add(report));
}

// Sends what waits, in order: "sent", or "queued" where the network or the server is away. What is refused as it is
// (4xx) would be refused again, and is dropped.
async function flush(base) {
  for (const key of await within("readonly", (store) => store.getAllKeys())) {
    const report = await within("readonly", (store) => store.get(key));
    let status;
    try {
      const answer = await fetch(`${base}reports`, {
        method: "POST", credentials: "omit", headers: { "Content-Type": "application/json" }, body: JSON.stringify(report),
      });
      status = answer.status;
    } catch {
      return "queued";
    }
    if (status >= 500 || status === 429) return "queued";
    await within("readwrite", (store) => store.delete(key));
    if (status >= 400) return "refused";
  }
  return "sent";
}
