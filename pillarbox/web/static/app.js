/* Pillarbox: what the pages do besides being read. Everything works without it but live updates and shortcuts. */
(() => {
  "use strict";
  const body = document.body;
  const byId = (id) => document.getElementById(id);
  const skew = Date.parse(body.dataset.now) - Date.now(); // the server's clock, not the visitor's, says how long ago
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const store = (kind, key, value) => {
    try {
      return value === undefined ? kind.getItem(key) : kind.setItem(key, value);
    } catch {
      return null; // storage may be forbidden; nothing depends on it
    }
  };

  /* Times, in the visitor's zone */
  const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });
  const full = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });
  const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
  const ago = (at) => {
    const s = Math.trunc((Date.now() + skew - at) / 1000);
    if (s < 5) return "just now";
    if (s < 60) return `${s} s ago`;
    if (s < 3600) return `${Math.trunc(s / 60)} min ago`;
    if (s < 86400) return `${Math.trunc(s / 3600)} h ago`;
    return s < 604800 ? `${Math.trunc(s / 86400)} d ago` : day.format(at);
  };
  const formats = { ago, clock: (at) => clock.format(at), full: (at) => full.format(at) };
  const tellTimes = () => {
    for (const time of document.querySelectorAll("time")) {
      const at = new Date(time.dateTime);
      const text = formats[time.className](at);
      if (time.textContent !== text) time.textContent = text;
      if (time.title !== full.format(at)) time.title = full.format(at);
    }
  };

  /* Copying */
  const copy = async (button) => {
    const from = button.dataset.copyFrom;
    await navigator.clipboard.writeText(from ? byId(from).textContent : button.dataset.copy);
    const use = button.querySelector("use");
    use.setAttribute("href", "#i-check");
    button.classList.add("done");
    say("Copied");
    setTimeout(() => {
      use.setAttribute("href", "#i-copy");
      button.classList.remove("done");
    }, 1500);
  };
  const say = (text) => {
    byId("say").textContent = text;
  };

  /* Colours: as the system, light, dark. A cookie, so that the server sends the page in the right ones. */
  const themes = { "": "as the system", light: "light", dark: "dark" };
  const themeButton = byId("theme");
  const nameTheme = () => {
    const label = `Colours: ${themes[document.documentElement.dataset.theme || ""]}`;
    themeButton.setAttribute("aria-label", label);
    themeButton.title = label;
    return label;
  };
  themeButton.addEventListener("click", () => {
    const names = Object.keys(themes);
    const next = names[(names.indexOf(document.documentElement.dataset.theme || "") + 1) % names.length];
    if (next) document.documentElement.dataset.theme = next;
    else delete document.documentElement.dataset.theme;
    document.cookie = `theme=${next}; path=/; max-age=${next ? 31536000 : 0}; samesite=strict`;
    say(nameTheme());
  });
  nameTheme();
  themeButton.hidden = false;

  /* Live updates: the server says that something changed, the page asks for its live part again. */
  const isList = body.classList.contains("is-list");
  const liveButton = byId("live");
  const heldButton = byId("held");
  let source = null;
  let retry = 1000;
  let timer = 0;
  let aimedUntil = 0;
  let isStale = false;
  let isPaused = false;

  const setState = (state) => {
    if (!liveButton) return;
    const words = { connecting: "Connecting", live: "Live", lost: "Reconnecting", paused: "Paused" };
    liveButton.dataset.state = isPaused ? "paused" : state;
    byId("live-word").textContent = words[liveButton.dataset.state];
    liveButton.setAttribute("aria-pressed", String(isPaused));
  };
  const showHeld = () => {
    if (heldButton) heldButton.hidden = !isStale;
  };
  const refresh = () => {
    const watched = byId(body.dataset.watch);
    if (!watched) return;
    if (isPaused || (isList && scrollY > 160)) {
      isStale = true; // nothing moves under the reader's eyes
      showHeld();
      return;
    }
    const wait = aimedUntil - Date.now();
    if (isList && wait > 0) {
      clearTimeout(timer); // nor under a pointer that is about to click
      timer = setTimeout(refresh, wait);
      return;
    }
    isStale = false;
    showHeld();
    htmx.trigger(watched, "refresh");
  };
  const disconnect = () => {
    if (source) source.close();
    source = null;
  };
  const connect = () => {
    if (source || !body.dataset.live) return;
    source = new EventSource(body.dataset.live);
    source.addEventListener("open", () => {
      retry = 1000;
      setState("live");
    });
    source.addEventListener("change", refresh);
    source.addEventListener("error", () => {
      setState("lost");
      if (source.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
      disconnect();
      retry = Math.min(retry * 2, 15000);
      setTimeout(() => {
        connect();
        refresh(); // a server with too many open pages still answers this
      }, retry);
    });
  };
  if (body.dataset.live) {
    // Browsers allow six connections to one host: hidden pages give theirs back, and catch up when seen again.
    let hidden = 0;
    document.addEventListener("visibilitychange", () => {
      clearTimeout(hidden);
      if (document.hidden) hidden = setTimeout(disconnect, 20000);
      else connect();
    });
    addEventListener("pagehide", disconnect);
    addEventListener("pageshow", (event) => {
      if (event.persisted) connect();
    });
    connect();
  }
  if (liveButton) {
    liveButton.hidden = false;
    liveButton.addEventListener("click", () => {
      isPaused = !isPaused;
      setState(source && source.readyState === EventSource.OPEN ? "live" : "connecting");
      if (!isPaused && isStale) refresh();
      say(isPaused ? "Live updates are paused" : "Live updates are on");
    });
  }
  if (isList) {
    heldButton.addEventListener("click", () => {
      isPaused = false;
      setState("live");
      scrollTo({ top: 0, behavior: "instant" });
      refresh();
    });
    addEventListener("scroll", () => isStale && !isPaused && refresh(), { passive: true });
    document.addEventListener("pointermove", (event) => {
      if (event.target.closest("#messages .rows")) aimedUntil = Date.now() + 500;
    });
    store(sessionStorage, "list", location.pathname + location.search);
  }

  /* What arrives lights up once; what is open stays open. */
  let known = new Set();
  const rowIds = () => new Set(Array.from(document.querySelectorAll(".rows > li"), (row) => row.id));
  const welcome = (event) => {
    const fresh = Array.from(document.querySelectorAll(".rows > li")).filter((row) => !known.has(row.id));
    if (!fresh.length || event.detail.requestConfig.triggeringEvent?.type !== "refresh") return;
    say(fresh.length === 1 ? "1 new message" : `${fresh.length} new messages`);
    if (still.matches) return;
    const tint = getComputedStyle(body).getPropertyValue("--good-tint");
    for (const row of fresh) row.animate([{ background: tint }, { background: tint, offset: 0.4 }, {}], 1600);
  };
  document.addEventListener("htmx:beforeSwap", () => {
    known = rowIds();
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    tellTimes();
    if (isList) welcome(event);
    if (isList) store(sessionStorage, "list", location.pathname + location.search);
  });
  Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, node) =>
    !(name === "open" && node.localName === "details") && !(name === "class" && node.classList.contains("copy"));

  /* HTML at a width: the same from message to message, and made smaller where there is no room for it */
  const widths = { desktop: 800, tablet: 768, phone: 390 };
  const fit = () => {
    for (const chosen of document.querySelectorAll(".content [name=width]:checked")) {
      const frame = chosen.closest(".content").querySelector(".frame");
      const scale = Math.min(1, frame.parentElement.clientWidth / widths[chosen.value]);
      const isOnPhone = innerWidth < 736 && chosen.value === "desktop"; // as large as can be, to be readable
      frame.style.setProperty("--scale", isOnPhone ? 1 : scale);
    }
  };
  const recallWidth = () => {
    const last = store(sessionStorage, "width");
    for (const radio of document.querySelectorAll("#content [name=width]")) radio.checked ||= radio.value === last;
    fit();
  };
  document.addEventListener("change", (event) => {
    if (event.target.name !== "width") return;
    store(sessionStorage, "width", event.target.value);
    fit();
  });
  document.addEventListener("htmx:afterSwap", recallWidth);
  addEventListener("resize", fit);
  recallWidth();

  /* Keys */
  const help = byId("help");
  const keysOn = byId("keys-on");
  keysOn.checked = store(localStorage, "keys") !== "off";
  keysOn.addEventListener("change", () => store(localStorage, "keys", keysOn.checked ? "on" : "off"));
  byId("help-open").hidden = false;
  byId("help-open").addEventListener("click", () => help.showModal());
  byId("help-close").addEventListener("click", () => help.close());
  help.addEventListener("click", (event) => event.target === help && help.close());

  const filter = byId("filter");
  const links = () => Array.from(document.querySelectorAll(".rows .subject"));
  const step = (by) => {
    const all = links();
    const last = byId(`m-${store(sessionStorage, "opened")}`);
    let at = all.indexOf(document.activeElement);
    if (at < 0 && last) at = all.indexOf(last.querySelector(".subject")) - by;
    const next = all[Math.max(0, Math.min(all.length - 1, at + by))];
    if (!next) return;
    next.focus({ preventScroll: true });
    next.closest("li").scrollIntoView({ block: "nearest" });
  };
  const shortcuts = {
    "?": () => help.showModal(),
    "/": () => filter && (filter.focus(), filter.select()),
    p: () => liveButton && liveButton.click(),
    j: () => isList && step(1),
    k: () => isList && step(-1),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || document.querySelector("dialog[open]")) return;
    if (event.target === filter) {
      if (event.key === "Escape" && !filter.value) filter.blur();
      if (isList && (event.key === "ArrowDown" || event.key === "Enter")) {
        event.preventDefault();
        step(1);
      }
      return;
    }
    if (!keysOn.checked || event.target.closest("input:not([type=radio]), textarea, select")) return;
    const link = /^\w$/.test(event.key) && document.querySelector(`[data-key="${event.key}"]`);
    if (link) link.click();
    else if (Object.hasOwn(shortcuts, event.key)) shortcuts[event.key]();
    else return;
    event.preventDefault();
  });
  if (body.dataset.message) store(sessionStorage, "opened", body.dataset.message);
  const back = byId("back");
  const list = store(sessionStorage, "list");
  if (back && list && list.startsWith("/?")) back.href = list;

  document.addEventListener("click", (event) => {
    const me = document.querySelector(".me[open]");
    if (me && !me.contains(event.target)) me.open = false;
    const button = event.target.closest(".copy");
    if (button) copy(button).catch(() => say("Copying is not allowed here"));
  });
  tellTimes();
  setInterval(tellTimes, 5000);
})();
