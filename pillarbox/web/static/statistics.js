/* Pillarbox, statistics: draws the table of days. Without this the table is all there is. */
(() => {
  "use strict";
  const table = document.getElementById("days");
  const names = [...table.querySelectorAll("thead [data-name]")].map((head) => head.dataset.name);
  const rows = [...table.tBodies[0].rows];
  const days = rows.map((row) => Date.parse(row.cells[0].dataset.day) / 1000);
  const column = (name) => rows.map((row) => Number(row.querySelectorAll("[data-n]")[names.indexOf(name)].dataset.n));
  const label = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", timeZone: "UTC" });
  const whole = new Intl.NumberFormat();
  const short = new Intl.NumberFormat(undefined, { notation: "compact" });
  const drawn = [];

  const draw = (figure) => {
    const place = figure.querySelector(".plot");
    const told = figure.querySelector("output");
    const keys = [...figure.querySelectorAll(".key")];
    const style = getComputedStyle(figure);
    const font = `12px ${style.fontFamily}`;
    const series = figure.dataset.chart.split(" ").map((name, position) => {
      const colour = getComputedStyle(keys[position], "::before").backgroundColor;
      const size = { width: 2, points: { show: days.length < 2 } };
      return { ...size, label: keys[position].textContent, stroke: colour, fill: position ? undefined : tint(colour) };
    });
    const axis = { stroke: getComputedStyle(told).color, font, grid: { stroke: style.borderTopColor, width: 1 }, ticks: { show: false } };
    const tell = (plot) => {
      const at = plot.cursor.idx;
      const say = (one, position) => `${one.label} ${whole.format(plot.data[position + 1][at])}`;
      told.textContent = at == null ? "" : `${label.format(days[at] * 1000)}: ${series.map(say).join(", ")}`;
    };
    const options = {
      width: place.clientWidth,
      height: 200,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false } },
      scales: { y: { range: (plot, low, high) => [0, Math.max(high * 1.05, 4)] } },
      axes: [
        { ...axis, grid: { show: false }, size: 30, space: 64, values: (plot, at) => at.map((one) => label.format(one * 1000)), incrs: [1, 2, 7, 14, 28, 56].map((one) => one * 86400) },
        { ...axis, size: 48, space: 34, incrs: [1, 2, 5].flatMap((one) => [...Array(10).keys()].map((tens) => one * 10 ** tens)).sort((a, b) => a - b), values: (plot, at) => at.map((one) => short.format(one)) },
      ],
      series: [{}, ...series],
      hooks: { setCursor: [tell] },
    };
    const data = [days, ...figure.dataset.chart.split(" ").map(column)];
    return new uPlot(options, data, place);
  };
  const tint = (colour) => colour.replace(/^rgb\((.*)\)$/, "rgba($1, 0.12)");
  const redraw = () => {
    drawn.splice(0).forEach((plot) => plot.destroy());
    for (const figure of document.querySelectorAll("[data-chart]")) drawn.push(draw(figure));
  };

  redraw();
  table.closest("details").open = false;
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  new MutationObserver(redraw).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  let width = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth === width) return;
    width = innerWidth;
    drawn.forEach((plot) => plot.setSize({ width: plot.root.parentElement.clientWidth, height: 200 }));
  });
})();
