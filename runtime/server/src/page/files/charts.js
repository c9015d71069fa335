// Lines over the last five minutes, and the same as a table.

import { bytes, by, clock, drawing, html, measure, number, svg } from "./dom.js";
import { KEPT } from "./figures.js";
import { replaceTable } from "./tables.js";

const MIB = 1 << 20;
/** What is drawn: a line solid and blue, a second one dashed and orange. */
const CHARTS = [
  { id: "rate", title: "Answers a second", lines: [["rate", "answers"], ["failed", "failures"]] },
  { id: "latency", title: "Latency, ms", lines: [["p50", "median"], ["p95", "95th percentile"]] },
  { id: "queue", title: "Requests that wait", lines: [["queued", "waiting"]], write: number },
  { id: "count", title: "Workers", lines: [["workers", "workers"]], write: number },
  { id: "memory", title: "Memory of workers, MiB", lines: [["memory", "MiB"]], scale: 1 / MIB },
];
/** Rows of the table at most; between them some seconds are left out. */
const ROWS = 30;

const [LEFT, RIGHT, TOP, BOTTOM] = [44, 312, 8, 104];
const KINDS = ["line", "line second"];
const LOOKS = ["solid", "dashed"];

/** The next round number: 1, 2 or 5 and zeros. */
const round = (value) => {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((digit) => digit * power).find((found) => found >= value);
};

const known = (value) => value !== null && Number.isFinite(value);

const line = (points, name, scale, most, now) => {
  let [path, isOpen] = ["", false];
  for (const point of points) {
    const value = point[name];
    if (!known(value)) {
      isOpen = false;
      continue;
    }
    const x = RIGHT - (RIGHT - LEFT) * Math.min(1, (now - point.at) / KEPT);
    const y = BOTTOM - (BOTTOM - TOP) * Math.min(1, value * scale / most);
    path += `${isOpen && !point.isAfterGap ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}h0`;
    isOpen = true;
  }
  return path;
};

const draw = ({ id, title, lines, scale = 1, write = measure }, points) => {
  const now = points.at(-1).at;
  const values = lines.flatMap(([name]) => points.map((point) => point[name]).filter(known));
  const most = round(Math.max(0, ...values) * scale);
  const last = lines.map(([name, words]) => {
    const value = points.at(-1)[name];
    return `${words} ${known(value) ? write(value * scale) : "none"}`;
  });
  const text = (x, y, anchor, words) => svg("text", { x, y, "text-anchor": anchor, class: "soft" }, words);
  const paths = lines
    .map(([name], index) => [line(points, name, scale, most, now), KINDS[index]])
    .filter(([path]) => path)
    .map(([d, kind]) => svg("path", { d, class: kind }));
  const picture = drawing(
    `chart-${id}`,
    124,
    title,
    `Now: ${last.join(", ")}. Upper end of the scale: ${number(most)}.`,
    svg("path", { d: `M${LEFT} ${TOP}H${RIGHT}M${LEFT} ${BOTTOM}H${RIGHT}` }),
    text(LEFT - 6, TOP + 4, "end", number(most)),
    text(LEFT - 6, BOTTOM + 4, "end", "0"),
    text(LEFT, 121, "start", "5 min ago"),
    text(RIGHT, 121, "end", "now"),
    ...paths,
  );
  const legend = lines.length > 1 ? last.map((words, index) => `${words} (${LOOKS[index]})`) : last;
  const caption = html("figcaption", {}, html("strong", {}, title), html("span", {}, legend.join(", ")));
  return html("figure", {}, caption, picture);
};

/** Draws all of it. */
export const show = (points) => {
  by("charts").replaceChildren(...CHARTS.map((chart) => draw(chart, points)));
  const box = by("numbers");
  if (!box.closest("details").open) return;
  const every = Math.max(1, Math.ceil(points.length / ROWS));
  const rows = points.filter((_, index) => (points.length - 1 - index) % every === 0).reverse();
  const cell = (value) => known(value) ? measure(value) : "–";
  replaceTable(box, {
    caption: "The last five minutes, newest first",
    heads: ["Time", "Answers/s", "Failures/s", "Median, ms", "95th percentile, ms", "Waiting", "Workers", "Memory"],
    numbers: [1, 2, 3, 4, 5, 6, 7],
    rows: rows.map((point) => [
      clock(point.at),
      ...[point.rate, point.failed, point.p50, point.p95].map(cell),
      number(point.queued),
      number(point.workers),
      bytes(point.memory),
    ]),
  });
};
