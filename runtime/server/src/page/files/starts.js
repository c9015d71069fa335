// The last cold starts as waterfalls: a bar for each phase, where it begins and as long as it is.

import { by, clock, drawing, html, measure, svg } from "./dom.js";

/** Starts that are drawn. */
const SHOWN = 9;
const [NAME, END, ROW] = [90, 256, 17];

const draw = (start, index, most) => {
  const at = (ms) => NAME + (END - NAME) * Math.min(1, Math.max(0, ms / most));
  const text = (x, y, anchor, words, kind) => svg("text", { x, y, "text-anchor": anchor, class: kind }, words);
  const rows = start.spans.flatMap(({ phase, start_ms, duration_ms }, row) => {
    const y = ROW * row;
    const [from, to] = [at(start_ms), at(start_ms + duration_ms)];
    return [
      text(0, y + 12.5, "start", phase),
      svg("rect", { x: from, y: y + 4, width: Math.max(0.5, to - from), height: 10, class: `bar ${start.kind}` }),
      text(320, y + 12.5, "end", measure(duration_ms)),
    ];
  });
  const y = ROW * start.spans.length + 2;
  const title = `${start.model}, version ${start.version}`;
  const kind = start.reason ? `${start.kind} (${start.reason})` : start.kind;
  const words = start.spans.map(({ phase, duration_ms }) => `${phase} ${measure(duration_ms)} ms`);
  const picture = drawing(
    `start-${index}`,
    y + ROW + 2,
    `${title}, ${kind}, at ${clock(start.at)}`,
    `First answer after ${measure(start.total_ms)} ms: ${words.join(", ")}.`,
    ...rows,
    text(0, y + 12.5, "start", "first answer", "strong"),
    svg("rect", { x: NAME, y: y + 6, width: Math.max(0.5, at(start.total_ms) - NAME), height: 6, class: "total" }),
    text(320, y + 12.5, "end", `${measure(start.total_ms)} ms`, "strong"),
  );
  const note = `${kind} start, first answer at ${clock(start.at)}`;
  const caption = html("figcaption", {}, html("strong", {}, title), html("span", {}, note));
  return html("figure", {}, caption, picture);
};

let shown = "";

/** Shows the last starts, the newest first. */
export const show = (starts) => {
  const last = starts.slice(-SHOWN).reverse();
  const now = JSON.stringify(last);
  if (shown === now) return;
  shown = now;
  const most = Math.max(...last.map((start) => start.total_ms), 0.001);
  const figures = last.map((start, index) => draw(start, index, most));
  by("start-plots").replaceChildren(...(figures.length ? figures : [html("p", {}, "No worker was started yet.")]));
};
