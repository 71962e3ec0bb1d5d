// Draws every [data-chart] on the page with ECharts, from the JSON its data-url answers.
// Colours are the stylesheet's own tokens, so charts follow light and dark; nothing is animated.

const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function frame(extra) {
  const text = { color: token("--ink-2"), fontFamily: token("--font"), fontSize: 12 };
  return {
    animation: false,
    textStyle: text,
    // Rich text is drawn on the canvas: an HTML tooltip would need inline styles, which the page's policy forbids.
    tooltip: { trigger: "axis", renderMode: "richText", axisPointer: { type: "shadow" },
      backgroundColor: token("--paper"), borderColor: token("--line"), textStyle: { ...text, color: token("--ink") } },
    legend: { bottom: 0, left: 0, itemWidth: 10, itemHeight: 10, itemGap: 16, textStyle: text },
    ...extra,
  };
}

const axis = (extra) => ({
  axisLine: { lineStyle: { color: token("--line") } }, axisTick: { show: false },
  splitLine: { lineStyle: { color: token("--line") } },
  axisLabel: { color: token("--ink-2"), fontSize: 11 }, ...extra,
});

// Gravest on top of the pile; a level that never occurred needs no place in the legend.
const piles = (levels, counts, extra) => levels.slice().reverse()
  .map((level) => ({ name: level.name, type: "bar", stack: "all", data: counts(level), ...extra,
    itemStyle: { color: token(`--${level.level}`) } }))
  .filter((series) => series.data.some((value) => value > 0));

const drawings = {
  levels: (figures) => frame({
    grid: { left: 4, right: 8, top: 12, bottom: 34, containLabel: true },
    xAxis: axis({ type: "category", data: figures.labels }),
    yAxis: axis({ type: "value", minInterval: 1, axisLine: { show: false } }),
    series: piles(figures.levels, (level) => level.counts, { barMaxWidth: 26 }),
  }),
  children: (figures) => {
    const rows = figures.children.slice(0, 20).reverse();
    return frame({
      grid: { left: 4, right: 16, top: 4, bottom: 34, containLabel: true },
      xAxis: axis({ type: "value", minInterval: 1, axisLine: { show: false } }),
      yAxis: axis({ type: "category", data: rows.map((row) => row.name), splitLine: { show: false },
        axisLabel: { color: token("--ink-2"), width: 180, overflow: "truncate" } }),
      series: piles(figures.levels, (level) => rows.map((row) => row.incidents_by_level[level.level] || 0),
        { barMaxWidth: 18 }),
    });
  },
};

async function draw(place) {
  const make = drawings[place.dataset.chart];
  if (!make || !window.echarts) return;
  const answer = await fetch(place.dataset.url, { headers: { "X-Otus-Background": "1" } });
  if (!answer.ok) return;
  const figures = await answer.json();
  const chart = echarts.getInstanceByDom(place) || echarts.init(place, null, { renderer: "canvas" });
  chart.setOption(make(figures), true);
  place.dataset.drawn = "yes";
}

const drawAll = (root) => root.querySelectorAll("[data-chart]").forEach(draw);

drawAll(document);
document.addEventListener("htmx:afterSettle", (event) => drawAll(event.target));
document.addEventListener("htmx:beforeCleanupElement", (event) => {
  const chart = event.target.dataset && event.target.dataset.chart && window.echarts && echarts.getInstanceByDom(event.target);
  if (chart) chart.dispose();
});
window.addEventListener("resize", () => document.querySelectorAll("[data-drawn]").forEach((place) => echarts.getInstanceByDom(place)?.resize()));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawAll(document));
