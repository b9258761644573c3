// Keeps the diary and the crisis lines at hand without a network, and sends what waits.
"use strict";
importScripts("{{ outbox }}");

const CACHE = "diary-{{ version }}";
const KEPT = {{ kept|safe }};
const HOME = KEPT[0];
const PATIENCE_MS = 4000;

self.addEventListener("install", (event) => {
  self.skipWaiting();
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(KEPT)));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) =>
        Promise.all(
          names
            .filter((name) => name.startsWith("diary-") && name !== CACHE)
            .map((name) => caches.delete(name)),
        ),
      )
      .then(() => self.clients.claim()),
  );
});

self.addEventListener("fetch", (event) => {
  const address = new URL(event.request.url);
  if (event.request.method !== "GET" || address.origin !== self.location.origin) return;
  if (event.request.mode === "navigate") {
    event.respondWith(visit(event.request, address));
  } else if (KEPT.slice(2).includes(address.pathname)) {
    event.respondWith(caches.match(address.pathname).then((kept) => kept || fetch(event.request)));
  }
});

self.addEventListener("sync", (event) => {
  if (event.tag === "diary") event.waitUntil(self.outbox.send());
});

// The network first, so that a closed diary is closed; what is kept when it does not answer.
async function visit(request, address) {
  const path = address.pathname;
  const cache = await caches.open(CACHE);
  try {
    const answer = await Promise.race([
      fetch(request),
      new Promise((_, stop) => setTimeout(() => stop(new Error("slow")), PATIENCE_MS)),
    ]);
    // An address with a question tells of something just done; that is no page to keep.
    if (answer.ok && !answer.redirected && !address.search && KEPT.slice(0, 2).includes(path)) {
      await cache.put(path, answer.clone());
    }
    return answer;
  } catch (error) {
    return (await cache.match(path)) || (await cache.match(HOME)) || Response.error();
  }
}
