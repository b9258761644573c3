// The diary page: keeps an entry on the device first, then sends it. Works without a network.
"use strict";
(() => {
  const form = document.querySelector("form[data-diary]");
  const line = document.querySelector("[data-status]");
  const say = (words) => {
    line.textContent = words;
    line.hidden = !words;
  };

  const chosen = (name) => form.querySelector(`[name="${CSS.escape(name)}"]:checked`)?.value;

  // A question that follows an answer comes up with it, and its own answer goes with it.
  const follow = () => {
    for (const each of form.querySelectorAll("[data-after]")) {
      const wanted = chosen(each.dataset.after) === each.dataset.answer;
      each.hidden = !wanted;
      each.disabled = !wanted;
    }
    const crisis = form.querySelector("[data-crisis]:checked") !== null;
    form.classList.toggle("crisis", crisis);
  };

  const freshId = () =>
    Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
      byte.toString(16).padStart(2, "0"),
    ).join("");

  const filled = () => {
    const kept = new Set(["csrfmiddlewaretoken", "id"]);
    const answers = [...new FormData(form)].filter(
      ([name, value]) => !kept.has(name) && String(value).trim() !== "",
    );
    const now = new Date();
    return {
      id: freshId(),
      owner: form.dataset.owner,
      filled_at: now.toISOString(),
      offset_min: -now.getTimezoneOffset(),
      answers,
    };
  };

  const waitingWords = (count) =>
    count === 1
      ? "One entry is kept on this device and waits for a network."
      : `${count} entries are kept on this device and wait for a network.`;

  async function send() {
    const before = await self.outbox.all();
    if (before.length === 0) return;
    try {
      const told = await self.outbox.send();
      const left = (await self.outbox.all()).length;
      if (!told.open) {
        say(`The diary is closed. What waits here (${left}) is sent once you open a new link.`);
      } else if (told.refused) {
        say(`Kept on this device, not taken: ${told.refused}`);
      } else if (left > 0) {
        say(form ? "An entry of another diary waits on this device." : waitingWords(left));
      } else {
        say(`Thank you. Everything has arrived. ${told.clock}`.trim());
      }
    } catch (error) {
      say(waitingWords((await self.outbox.all()).length));
      const worker = await navigator.serviceWorker?.ready;
      await worker?.sync?.register("diary").catch(() => undefined);
    }
  }

  async function keep(event) {
    if (!self.indexedDB) return; // then the plain form does
    event.preventDefault();
    const entry = filled();
    try {
      await self.outbox.add(entry);
    } catch (error) {
      form.submit(); // no room on the device: send it straight away
      return;
    }
    const crisis = form.querySelector("[data-crisis]:checked") !== null;
    form.reset();
    follow();
    form.classList.toggle("crisis", crisis); // the numbers stay in view after sending
    say(waitingWords((await self.outbox.all()).length));
    if (crisis) form.querySelector("[data-urgent]").scrollIntoView({ block: "center" });
    else line.scrollIntoView({ block: "nearest" });
    await send();
  }

  async function start() {
    if (form) {
      form.addEventListener("change", follow);
      form.addEventListener("submit", keep);
      follow();
    }
    document.querySelector("[data-leave]")?.addEventListener("submit", () => {
      self.caches?.keys().then((names) => names.forEach((name) => caches.delete(name)));
    });
    const worker = document.body.dataset.worker;
    if (worker && "serviceWorker" in navigator) {
      navigator.serviceWorker.register(worker, { scope: "/diary/" }).catch(() => undefined);
      navigator.storage?.persist?.().catch(() => undefined);
    }
    window.addEventListener("online", send);
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") send();
    });
    if (self.indexedDB) await send();
  }

  start();
})();
