/* The command palette: Ctrl-K or Cmd-K opens it on every page. A combobox over the links that the page has anyway. */
(() => {
  "use strict";
  const byId = (id) => document.getElementById(id);
  const palette = byId("palette");
  const box = byId("palette-box");
  const list = byId("palette-list");
  const open = byId("palette-open");
  const isMac = /Mac|iPhone|iPad/.test(navigator.platform);
  const isMessageId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
  let shown = [];
  let at = 0;

  /* What there is to go to: every screen of the menu, some more, and this screen of the other servers. */
  const screens = Array.from(document.querySelectorAll("#menu > ul a, #palette-places a"), (link) => ({
    group: link.dataset.group ?? link.closest("ul").previousElementSibling.textContent,
    label: link.textContent.trim(),
    icon: link.querySelector("use").getAttribute("href"),
    url: link.href,
  }));
  const servers = Array.from(document.querySelectorAll("#menu .server ul a:not([aria-current])"), (link) => ({
    group: "Switch to server",
    label: link.textContent.trim(),
    icon: "#i-servers",
    url: link.href,
  }));

  /* The words of a search in any order, each at the start of a word before each anywhere. */
  const score = (entry, words) => {
    const text = ` ${entry.label} ${entry.group}`.toLowerCase();
    let sum = 0;
    for (const word of words) {
      const found = text.indexOf(word);
      if (found < 0) return 0;
      sum += text.includes(` ${word}`) ? 2 : 1;
    }
    return sum + 1;
  };
  const matches = (text) => {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    const found = [...screens, ...servers]
      .map((entry) => ({ entry, score: score(entry, words) }))
      .filter((one) => one.score)
      .sort((a, b) => b.score - a.score)
      .map((one) => one.entry)
      .slice(0, 50);
    if (isMessageId.test(text)) {
      found.unshift({ group: "Messages", label: `Open the message ${text}`, icon: "#i-send", url: `/m/${text.toLowerCase()}` });
    }
    if (text) {
      const url = `/?q=${encodeURIComponent(text)}`;
      found.push({ group: "Messages", label: `Search messages for “${text}”`, icon: "#i-search", url });
    }
    return found;
  };

  const mark = (index) => {
    at = shown.length ? (index + shown.length) % shown.length : 0;
    Array.from(list.children).forEach((option, number) => option.setAttribute("aria-selected", String(number === at)));
    const option = list.children[at];
    if (!option) return box.removeAttribute("aria-activedescendant");
    box.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  };
  const draw = () => {
    shown = matches(box.value.trim());
    list.replaceChildren(
      ...shown.map((entry, number) => {
        const option = byId("palette-option").content.firstElementChild.cloneNode(true);
        option.id = `palette-${number}`;
        option.querySelector("use").setAttribute("href", entry.icon);
        option.querySelector("bdi").textContent = entry.label;
        option.querySelector("small").textContent = entry.group;
        return option;
      }),
    );
    mark(0);
  };
  const go = (index) => {
    const entry = shown[index];
    if (!entry) return;
    palette.close();
    location.assign(entry.url);
  };
  const show = () => {
    if (document.querySelector("dialog[open]")) return;
    box.value = "";
    palette.showModal();
    draw();
    box.focus();
  };

  box.addEventListener("input", draw);
  box.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 5, PageUp: -5 };
    if (event.key in steps) mark(event.key.startsWith("Page") ? Math.max(0, Math.min(shown.length - 1, at + steps[event.key])) : at + steps[event.key]);
    else if (event.key === "Enter") go(at);
    else return;
    event.preventDefault();
  });
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) go(Array.from(list.children).indexOf(option));
  });
  palette.addEventListener("click", (event) => event.target === palette && palette.close());
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || event.shiftKey || event.altKey || !(isMac ? event.metaKey : event.ctrlKey)) return;
    event.preventDefault();
    if (palette.open) palette.close();
    else show();
  });
  open.addEventListener("click", show);
  for (const key of document.querySelectorAll(".palette-key")) key.textContent = isMac ? "⌘ K" : "Ctrl K";
  open.setAttribute("aria-keyshortcuts", isMac ? "Meta+K" : "Control+K");
  open.hidden = false;
})();
