// The session room. Without this script every button still works as a plain form.
// A tap is kept in the browser under a key of its own until the server has it, and sent
// again with the same key, so that it arrives once. News come over one open connection.
"use strict";
(() => {
  const room = document.getElementById("room");
  const by = (id) => document.getElementById(id);
  const store = keptTaps(`sojourn-tap:${room.dataset.member}:${room.dataset.tapUrl}:`);
  let sending = false, again = 0, refused = [], signedOut = false;

  // Where the browser keeps nothing, memory does, for as long as the page is open.
  function keptTaps(prefix) {
    const memory = new Map();
    let place = memory;
    try {
      localStorage.setItem(prefix, ""); localStorage.removeItem(prefix);
      place = localStorage;
    } catch { /* memory it is */ }
    const names = () => place === memory
      ? [...memory.keys()]
      : Object.keys(localStorage).filter((name) => name.startsWith(prefix));
    return {
      all: () => names().sort().map((name) => [name, JSON.parse(place === memory ? memory.get(name) : localStorage.getItem(name))]),
      add: (tap) => {
        const name = prefix + String(tap.at).padStart(15, "0") + tap.key, text = JSON.stringify(tap);
        try { place === memory ? memory.set(name, text) : localStorage.setItem(name, text); }
        catch { place = memory; memory.set(name, text); }
      },
      drop: (name) => place === memory ? memory.delete(name) : localStorage.removeItem(name),
    };
  }

  function newKey() {
    return [...crypto.getRandomValues(new Uint8Array(16))].map((each) => each.toString(16).padStart(2, "0")).join("");
  }

  document.addEventListener("submit", (event) => {
    const form = event.target, button = event.submitter;
    if (!form.matches("[data-tap]") || !button) return;
    event.preventDefault();
    const text = form.elements.text;
    store.add({
      key: newKey(), at: Date.now(), tap: button.value,
      visit: form.elements.visit?.value ?? "", text: text?.value ?? "",
      label: text ? "Note" : button.getAttribute("aria-label") ?? button.firstChild.textContent.trim(),
    });
    if (text) { text.value = ""; text.focus(); } else button.classList.add("sending");
    refused = [];
    send();
  });

  async function send() {
    if (sending) return;
    sending = true;
    clearTimeout(again);
    show();
    let offline = false;
    for (let kept = store.all(); kept.length && !offline; kept = store.all()) {
      offline = !(await sendOne(...kept[0]));
    }
    sending = false;
    if (offline && !signedOut) again = setTimeout(send, 2000);
    show();
    refresh();
  }

  // Whether the server answered for this tap: written, or refused with its reason.
  async function sendOne(name, tap) {
    const body = new URLSearchParams({
      key: tap.key, tap: tap.tap, visit: tap.visit, text: tap.text,
      age_ms: String(Math.max(0, Math.round(Date.now() - tap.at))),
      csrfmiddlewaretoken: document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "",
    });
    let answer;
    try {
      answer = await fetch(room.dataset.tapUrl, {
        method: "POST", body, redirect: "manual", signal: AbortSignal.timeout(8000),
        headers: { Accept: "application/json" },
      });
    } catch { return false; }
    signedOut = answer.type === "opaqueredirect" || answer.status === 403;
    if (signedOut || answer.status === 409 || answer.status >= 500) return false;
    if (!answer.ok) {
      const said = await answer.json().catch(() => ({}));
      refused.push(`${tap.label}: ${said.refused ?? `the server said ${answer.status}`}`);
    }
    store.drop(name);
    return true;
  }

  function show() {
    const kept = store.all(), lines = refused.map((each) => `Not recorded. ${each}.`);
    const late = kept.filter(([, tap]) => Date.now() - tap.at > 1500);
    if (signedOut && kept.length) lines.push(`${kept.length} not yet saved. Sign in again on this device as ${room.dataset.member}; they are sent then.`);
    else if (late.length || (kept.length && !sending)) lines.push(`${kept.length} not yet saved: ${kept.map(([, tap]) => tap.label).join(", ")}. Still trying.`);
    const board = by("unsaved"), said = lines.join("\n");
    if (board.dataset.said === said) return;
    board.dataset.said = said;
    board.replaceChildren(...lines.map((line) => Object.assign(document.createElement("p"), { textContent: line })));
  }

  // --- news -------------------------------------------------------------------
  let last = Number(by("live").dataset.position), pause = 1000, held = false, wanted = false;
  const session = by("live").dataset.session;

  function listen() {
    const source = new EventSource(`${room.dataset.newsUrl}?after=${last}`);
    source.addEventListener("open", () => { pause = 1000; by("connection").textContent = ""; send(); });
    source.addEventListener("entries", (event) => { last = Math.max(last, Number(event.lastEventId)); refresh(); });
    source.addEventListener("readings", (event) => { last = Math.max(last, Number(event.lastEventId)); readings(); });
    source.addEventListener("error", () => {
      by("connection").textContent = "No connection. What a colleague writes is not shown until it is back.";
      if (source.readyState !== EventSource.CLOSED) return;
      source.close();
      setTimeout(listen, pause);
      pause = Math.min(2 * pause, 15000);
    });
    addEventListener("pagehide", () => source.close(), { once: true });
  }

  // A button must not vanish under a finger, nor a choice while it is being made.
  function busy() {
    const active = document.activeElement;
    return held || (by("live").contains(active) && active?.matches("input, select, textarea"));
  }
  // One fetch at a time; news that comes meanwhile is fetched after it.
  let fetching = false;
  function refresh() {
    wanted = fetching || busy();
    if (wanted) return;
    fetching = true;
    const over = () => { fetching = false; if (wanted) refresh(); };
    htmx.ajax("GET", room.dataset.liveUrl, { target: "#live", swap: "outerHTML" }).then(over, over);
  }
  let soon = 0;
  function readings() {
    soon ||= setTimeout(() => { soon = 0; refresh(); }, 5000);
  }
  document.addEventListener("pointerdown", () => { held = true; });
  for (const name of ["pointerup", "pointercancel"]) {
    document.addEventListener(name, () => setTimeout(() => { held = false; if (wanted) refresh(); }, 60));
  }
  document.addEventListener("htmx:beforeSwap", (event) => {
    const fetched = event.detail.xhr;
    if (event.detail.target.id !== "live") return;
    // An answer of an error, or of the sign-in page, never replaces the room.
    if (busy() || fetched.status !== 200 || !fetched.responseText.includes('id="live"')) {
      event.detail.shouldSwap = false;
      wanted ||= busy();
    }
  });
  document.addEventListener("htmx:afterSettle", () => {
    last = Math.max(last, Number(by("live").dataset.position));
    // A session was opened or closed: the page around this part is another one now.
    if (by("live").dataset.session !== session) location.reload();
    opened.forEach((id) => by(id)?.setAttribute("open", ""));
    tick();
  });
  const opened = new Set();
  document.addEventListener("toggle", (event) => {
    if (event.target.id) event.target.open ? opened.add(event.target.id) : opened.delete(event.target.id);
  }, true);

  // --- clocks -----------------------------------------------------------------
  const ahead = Date.parse(by("live").dataset.now) - Date.now();
  const words = (minutes) => minutes >= 60
    ? `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min` : `${minutes} min`;
  function tick() {
    const now = Date.now() + ahead;
    for (const each of document.querySelectorAll("[data-since]")) each.textContent = words(Math.max(0, Math.floor((now - Date.parse(each.dataset.since)) / 60000)));
    for (const each of document.querySelectorAll("[data-until]")) each.textContent = words(Math.max(0, Math.ceil((Date.parse(each.dataset.until) - now) / 60000)));
  }

  // --- keyboard ---------------------------------------------------------------
  const shortcuts = by("shortcuts");
  document.addEventListener("keydown", (event) => {
    if (!shortcuts?.checked || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (event.target.matches("input:not([type=checkbox]), textarea, select")) return;
    const button = document.querySelector(`[data-shortcut="${CSS.escape(event.key.toLowerCase())}"]`);
    if (button) { event.preventDefault(); button.form.requestSubmit(button); }
  });

  addEventListener("online", send);
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) { send(); refresh(); } });
  setInterval(() => { tick(); show(); }, 1000);
  setInterval(refresh, 30000);  // the hours pass though nobody writes
  tick();
  listen();
  send();
})();
