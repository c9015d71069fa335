// Models and workers as tables. A table is written anew only where something in it has changed.

import { bytes, by, clock, html, number, several } from "./dom.js";

const written = new WeakMap();

/** Fills `box` with a table: a caption, heads, rows of texts; the first of a row is its head. */
export const replaceTable = (box, table) => {
  const { caption, heads, numbers = [], rows } = table;
  const now = JSON.stringify(table);
  if (written.get(box) === now) return;
  written.set(box, now);
  const kind = (index) => numbers.includes(index) ? "number" : undefined;
  const cell = (text, index) => {
    const { words, look } = text.words === undefined ? { words: text } : text;
    const lines = words.split("\n").flatMap((line, at) => at === 0 ? [line] : [html("br"), line]);
    if (index === 0) return html("th", { scope: "row" }, ...lines);
    return html("td", { class: look ?? kind(index) }, ...lines);
  };
  const head = (words, index) => html("th", { scope: "col", class: kind(index) }, words);
  box.replaceChildren(
    html(
      "table",
      {},
      html("caption", {}, caption),
      html("thead", {}, html("tr", {}, ...heads.map(head))),
      html("tbody", {}, ...rows.map((row) => html("tr", {}, ...row.map(cell)))),
    ),
  );
};

/** A shape as people write it; a dim without a fixed size has a name or is "any". */
export const shape = (dims) => {
  const dim = (size) => size === -1 ? "any" : size;
  return dims === null ? "any shape" : `[${dims.map(dim).join(", ")}]`;
};

const values = (list) => list.map(({ name, datatype, shape: dims }) => `${name} ${datatype} ${shape(dims)}`).join("\n");

const looks = { ready: "good", unavailable: "bad" };

const counted = (object) => Object.entries(object).map(([name, count]) => `${name} ${number(count)}`).join(", ");

const model = (found) => {
  const { counts, settings } = found;
  const workers = number(found.workers.length);
  const notes = [
    found.reason,
    found.path && `guest (${found.guest}) at ${found.path}`,
    found.device && `compiled for CUDA, runs on ${found.device}`,
    settings?.batching && `up to ${settings.batching.size} together`,
    found.batch_sizes.length && `batches of ${found.batch_sizes.join(", ")} give the answers of single runs`,
    Object.keys(counts.fallbacks).length && `started normally: ${counted(counts.fallbacks)}`,
    Object.keys(counts.events).length && `events of workers: ${counted(counts.events)}`,
    counts.failed && `failures: ${counted(counts.failures)}`,
  ];
  return [
    found.name,
    number(found.version),
    { words: found.state, look: looks[found.state] },
    settings ? `${workers} of ${number(settings.workers[1])}` : workers,
    number(found.queued),
    number(counts.success),
    number(counts.failed),
    found.weights === null ? "–" : bytes(found.weights),
    { words: notes.filter(Boolean).join("\n") || "–", look: "list" },
    { words: values(found.inputs) || "–", look: "list" },
    { words: values(found.outputs) || "–", look: "list" },
  ];
};

/** Shows models and workers. */
export const show = (state) => {
  replaceTable(by("model-table"), {
    caption: several(state.models.length, "version of a model", "versions of models"),
    heads: [
      "Model", "Version", "State", "Workers", "Waiting", "Answered", "Failed", "Weights", "Notes", "Inputs", "Outputs",
    ],
    numbers: [1, 3, 4, 5, 6, 7],
    rows: state.models.map(model),
  });
  const workers = state.models.flatMap((found) => found.workers.map((worker) => [
    worker.pid === 0 ? "–" : String(worker.pid),
    found.name,
    number(found.version),
    worker.state,
    worker.start ?? "–",
    clock(worker.since),
    number(worker.answered),
    bytes(worker.private),
    bytes(worker.shared),
  ]));
  replaceTable(by("worker-table"), {
    caption: several(workers.length, "worker"),
    heads: ["Process", "Model", "Version", "State", "Start", "In this state since", "Answered", "Private", "Shared"],
    numbers: [2, 6, 7, 8],
    rows: workers,
  });
};
