/* Pillarbox, bounces and suppressions: choosing a whole page of addresses, and reading a file into a text field. */
(() => {
  "use strict";
  for (const head of document.querySelectorAll("[data-pick-all]")) {
    const boxes = [...head.closest("table").querySelectorAll("td.pick input")];
    if (!boxes.length) continue;
    const all = document.createElement("input");
    all.type = "checkbox";
    all.setAttribute("aria-label", "Choose all on this page");
    all.addEventListener("change", () => boxes.forEach((box) => (box.checked = all.checked)));
    head.replaceChildren(all);
  }
  for (const field of document.querySelectorAll("[data-file-into]")) {
    field.hidden = false;
    field.querySelector("input").addEventListener("change", async (event) => {
      const [file] = event.target.files;
      if (file) document.getElementById(field.dataset.fileInto).value = await file.text();
    });
  }
})();
