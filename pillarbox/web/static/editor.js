/* The editor of templates: line numbers, a preview as one types, nothing lost by accident. All of it can be done without. */
(() => {
  "use strict";
  const form = document.getElementById("editor");
  if (!form) return;
  const byId = (id) => document.getElementById(id);
  const KEPT = ["name", "alias", "layout", "subject", "html", "text"];
  const CODE = ["html", "text", "model"];
  const SHOWN = [...KEPT, "model", "images", "inside"];
  const isNew = form.dataset.key === "new";
  const remember = (key, value) => {
    try {
      if (value === undefined) return sessionStorage.getItem(`template:${key}`);
      return value === null ? sessionStorage.removeItem(`template:${key}`) : sessionStorage.setItem(`template:${key}`, value);
    } catch {
      return null; // storage may be forbidden or full; nothing depends on it
    }
  };
  const store = (key, value) => remember(`${location.pathname}${location.search}:${key}`, value);
  const say = (text) => {
    if (byId("say").textContent !== text) byId("say").textContent = text;
  };

  /* Line numbers, with what is wrong marked */
  const wrong = { html: new Map(), text: new Map(), model: new Map() };
  const drawn = {};
  const number = (name) => {
    const field = byId(`f-${name}`);
    const gutter = field.previousElementSibling;
    const lines = field.value.split("\n").length;
    const marks = [...wrong[name].keys()].join();
    if (drawn[name] === `${lines}/${marks}`) return;
    drawn[name] = `${lines}/${marks}`;
    const column = document.createElement("pre");
    let plain = "";
    for (let line = 1; line <= lines; line += 1) {
      const message = wrong[name].get(line);
      if (message === undefined) {
        plain += `${line}\n`;
        continue;
      }
      const mark = document.createElement("b");
      mark.textContent = line;
      mark.title = message;
      column.append(plain, mark, "\n");
      plain = "";
    }
    column.append(plain);
    gutter.replaceChildren(column);
    follow(field);
  };
  const follow = (field) => {
    const column = field.previousElementSibling.firstElementChild;
    if (column) column.style.transform = `translateY(${-field.scrollTop}px)`;
  };
  const show = (radio, value) => {
    const choice = form.querySelector(`input[name="${radio}"][value="${value}"]`);
    if (choice) choice.checked = true;
  };
  const goTo = (name, line, column) => {
    if (CODE.includes(name)) show("part", `code-${name}`);
    const field = byId(`f-${name}`);
    if (!field) return;
    field.focus();
    if (!line || !CODE.includes(name)) return;
    let start = 0;
    for (let left = line - 1; left > 0; left -= 1) start = field.value.indexOf("\n", start) + 1;
    const position = Math.min(field.value.length, start + Math.max(0, (column || 1) - 1));
    field.setSelectionRange(position, position);
    const height = parseFloat(getComputedStyle(field).lineHeight);
    field.scrollTop = Math.max(0, (line - 4) * height);
  };

  /* Tab indents. Escape lets the next Tab leave, so that nobody is caught. */
  const insert = (field, text) => {
    if (document.execCommand("insertText", false, text)) return; // can be undone, unlike the next line
    field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const indent = (field, back) => {
    const { value, selectionStart: from, selectionEnd: to } = field;
    if (!back && !value.slice(from, to).includes("\n")) return insert(field, "  ");
    const start = value.lastIndexOf("\n", from - 1) + 1;
    const old = value.slice(start, to);
    const fresh = back ? old.replace(/^(?: {1,2}|\t)/gm, "") : old.replace(/^/gm, "  ");
    if (fresh === old) return undefined;
    field.setSelectionRange(start, to);
    insert(field, fresh);
    field.setSelectionRange(from === to ? Math.max(start, from + fresh.length - old.length) : start, start + fresh.length);
    return undefined;
  };
  let mayLeave = false;
  for (const name of CODE) {
    const field = byId(`f-${name}`);
    field.addEventListener("scroll", () => follow(field), { passive: true });
    field.addEventListener("blur", () => {
      mayLeave = false;
    });
    field.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        mayLeave = true;
        say("Tab now leaves the field");
      } else if (event.key === "Tab" && !mayLeave && !field.readOnly && !event.ctrlKey && !event.altKey && !event.metaKey) {
        event.preventDefault();
        indent(field, event.shiftKey);
      } else if (event.key !== "Shift" && event.key !== "Tab") {
        mayLeave = false;
      }
    });
    number(name);
  }
  for (const hint of form.querySelectorAll(".keys-hint")) hint.hidden = false;

  /* The test model: as suggested until somebody writes one, which is kept while the window is open */
  const model = byId("f-model");
  const base = byId("base").textContent;
  let isOwn = form.hasAttribute("data-own-model");
  const setModel = (text) => {
    model.value = text;
    number("model");
  };
  let kept = store("model");
  if (kept === null && !isNew) kept = remember("made"); // the model of a template that has just been created
  remember("made", null);
  if (kept !== null && !isOwn) {
    isOwn = true;
    setModel(kept);
    store("model", kept);
  }

  /* Whoever sends one test sends more */
  for (const name of ["from", "to"]) {
    const field = byId(`f-${name}`);
    if (!field) continue;
    field.value = remember(name) || field.value;
    field.addEventListener("change", () => remember(name, field.value));
  }

  /* The preview */
  byId("show-html").parentElement.hidden = true;
  byId("preview").hidden = true;
  const frame = byId("frame");
  let shownHtml = null;
  let frames = 0;
  let timer = 0;
  const ask = (delay) => {
    clearTimeout(timer);
    timer = setTimeout(() => htmx.trigger("#verdict", "again"), delay);
  };
  const draw = () => {
    const html = byId("verdict").dataset.html;
    const wanted = html && `${html} ${form.elements.images.checked}`;
    frame.classList.toggle("stale", !html && form.elements.html.value !== "");
    if (!html && form.elements.html.value === "") frame.querySelector("iframe").hidden = true;
    if (!html || wanted === shownHtml) return;
    shownHtml = wanted;
    // A new frame each time: no entry in the history, and the old picture stays until the new one is there.
    const old = frame.querySelectorAll("iframe");
    const fresh = old[0].cloneNode(false);
    frames += 1;
    fresh.name = `preview-${frames}`;
    fresh.hidden = false;
    fresh.classList.add("coming");
    frame.append(fresh);
    fresh.addEventListener("load", () => {
      fresh.classList.remove("coming");
      for (const one of old) one.remove();
    });
    const button = byId("show-html");
    button.formTarget = fresh.name;
    form.requestSubmit(button);
  };
  const judge = () => {
    for (const name of CODE) wrong[name].clear();
    const spots = byId("verdict").querySelectorAll(".spots li");
    for (const { dataset, textContent } of spots) {
      if (wrong[dataset.field] && dataset.line) wrong[dataset.field].set(Number(dataset.line), textContent.trim());
    }
    for (const name of CODE) {
      const label = form.querySelector(`input[value="code-${name}"]`).parentElement;
      label.querySelector("small")?.remove();
      const count = byId("verdict").querySelectorAll(`.spots [data-field="${name}"]`).length;
      if (count) {
        const badge = document.createElement("small");
        badge.textContent = count;
        badge.title = count === 1 ? "1 error" : `${count} errors`;
        label.append(badge);
      }
    }
    const suggested = byId("suggested").textContent;
    if (!isOwn && !spots.length && model.value !== suggested) setModel(suggested);
    for (const name of CODE) number(name);
    if (spots.length) say(spots.length === 1 ? "1 error" : `${spots.length} errors`);
    draw();
  };
  document.addEventListener("htmx:configRequest", (event) => {
    // Names that were only half typed must not pile up in a model that nobody wrote.
    if (event.target.id === "verdict" && !isOwn) event.detail.parameters.set("model", base);
  });
  document.addEventListener("htmx:afterSwap", () => byId("verdict") && judge());
  document.addEventListener("htmx:responseError", (event) => {
    if (event.target.id === "verdict") say("The preview could not be made");
  });
  form.addEventListener("input", (event) => {
    const { name } = event.target;
    if (name === "model") {
      isOwn = true;
      store("model", model.value);
    }
    if (CODE.includes(name)) number(name);
    if (KEPT.includes(name)) byId("unsaved").hidden = false;
    if (SHOWN.includes(name)) ask(event.target.matches("textarea, input:not([type=checkbox])") ? 350 : 0);
  });
  form.addEventListener("click", (event) => {
    const link = event.target.closest(".spots a");
    const add = event.target.closest('button[name="add"]');
    if (!link && !add) return;
    event.preventDefault();
    if (add) {
      isOwn = true;
      setModel(byId("suggested").textContent);
      store("model", model.value);
      show("part", "code-model");
      ask(0);
      return;
    }
    const { field, line, column } = link.closest("li").dataset;
    goTo(field, Number(line), Number(column));
  });

  /* Nothing is lost by accident */
  const texts = () => JSON.stringify(KEPT.map((name) => form.elements[name]?.value ?? ""));
  const before = texts();
  const isChanged = () => form.hasAttribute("data-changed") || texts() !== before;
  let isLeaving = false;
  document.addEventListener("submit", (event) => {
    if (event.submitter?.id === "show-html") return;
    isLeaving = true;
    if (event.target !== form) return;
    if (isNew && (isOwn || base)) remember("made", model.value);
    if (isNew) store("model", null);
    const field = document.activeElement;
    if (CODE.includes(field?.name)) store("place", JSON.stringify([field.name, field.selectionStart, field.scrollTop]));
  });
  addEventListener("pageshow", () => {
    isLeaving = false;
  });
  const canSave = Boolean(byId("save"));
  addEventListener("beforeunload", (event) => {
    if (canSave && !isLeaving && isChanged()) event.preventDefault();
  });
  byId("unsaved").hidden = !form.hasAttribute("data-changed");
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "s" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    event.preventDefault();
    if (canSave) form.requestSubmit(byId("save"));
  });
  const place = JSON.parse(store("place") || "null");
  store("place", null);
  if (place) {
    const [name, position, scroll] = place;
    show("part", `code-${name}`);
    const field = byId(`f-${name}`);
    field.focus();
    field.setSelectionRange(position, position);
    field.scrollTop = scroll;
  }

  judge();
  if (kept !== null) ask(0);
})();
