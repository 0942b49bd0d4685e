/* The activity page: the first message is welcomed, the search help closes as one expects. */
(() => {
  "use strict";
  const byId = (id) => document.getElementById(id);
  const help = byId("search-help");
  let isWaiting = !!document.querySelector(".first");

  document.addEventListener("htmx:afterSwap", () => {
    const arrived = isWaiting && byId("arrived");
    if (!arrived) return;
    isWaiting = false;
    document.title = "It arrived · Pillarbox"; // the page may be in a tab behind the editor
    byId("say").textContent = arrived.querySelector("div").innerText.split("\n")[0] + ": the first message is here";
    scrollTo({ top: 0, behavior: "instant" });
  });

  document.addEventListener("click", (event) => {
    if (!help.contains(event.target)) help.open = false;
  });
  help.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !help.open) return;
    help.open = false;
    help.querySelector("summary").focus();
  });
})();
