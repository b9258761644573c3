// Entries wait here, in the order they were filled, until the server has taken each once.
// Shared by the page and its service worker.
"use strict";
self.outbox = (() => {
  const STORE = "entries";
  const AT_ONCE = 50;

  const opened = () =>
    new Promise((resolve, reject) => {
      const request = indexedDB.open("sojourn-diary", 1);
      request.onupgradeneeded = () =>
        request.result.createObjectStore(STORE, { keyPath: "place", autoIncrement: true });
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });

  const work = async (mode, act) => {
    const database = await opened();
    return new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode);
      const request = act(transaction.objectStore(STORE));
      transaction.oncomplete = () => {
        database.close();
        resolve(request ? request.result : undefined);
      };
      transaction.onerror = transaction.onabort = () => {
        database.close();
        reject(transaction.error);
      };
    });
  };

  const all = () => work("readonly", (store) => store.getAll());
  const add = (entry) => work("readwrite", (store) => store.add(entry));

  const settle = (entries, receipt) =>
    work("readwrite", (store) => {
      const refused = new Map(receipt.refused.map((each) => [each.id, each.message]));
      for (const entry of entries) {
        if (receipt.taken.includes(entry.id)) store.delete(entry.place);
        else if (refused.has(entry.id)) store.put({ ...entry, refused: refused.get(entry.id) });
      }
    });

  // One sender at a time; the server takes an entry once even so.
  const alone = (act) =>
    navigator.locks ? navigator.locks.request("sojourn-diary", act) : act();

  const post = (owner, token, entries) =>
    fetch("/diary/sync/", {
      method: "POST",
      credentials: "same-origin",
      headers: { "Content-Type": "application/json", "X-CSRFToken": token },
      body: JSON.stringify({
        owner,
        sent_at: new Date().toISOString(),
        entries: entries.map(({ id, filled_at, offset_min, answers }) => ({
          id,
          filled_at,
          offset_min,
          answers,
        })),
      }),
    });

  const send = () =>
    alone(async () => {
      const told = { open: true, sent: 0, clock: "", refused: "" };
      if ((await all()).length === 0) return told;
      const state = await fetch("/diary/state/", { credentials: "same-origin", cache: "no-store" });
      if (state.status === 401) return { ...told, open: false };
      if (!state.ok) throw new Error(`state ${state.status}`);
      const { owner, token } = await state.json();
      let waiting = (await all()).filter((entry) => entry.owner === owner);
      while (waiting.length > 0) {
        const batch = waiting.slice(0, AT_ONCE);
        const answer = await post(owner, token, batch);
        if (!answer.ok) throw new Error(`sync ${answer.status}`);
        const receipt = await answer.json();
        await settle(batch, receipt);
        told.sent += receipt.taken.length;
        told.clock = told.clock || receipt.clock;
        told.refused = receipt.refused.length ? receipt.refused[0].message : told.refused;
        if (receipt.taken.length + receipt.refused.length < batch.length) break;
        waiting = waiting.slice(AT_ONCE);
      }
      return told;
    });

  return { all, add, send };
})();
