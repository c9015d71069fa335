// Asks the server each second while somebody looks, and has each part of the page show what it said.

import * as charts from "./charts.js";
import * as figures from "./figures.js";
import * as form from "./form.js";
import * as starts from "./starts.js";
import * as tables from "./tables.js";
import { by, bytes, say, several } from "./dom.js";

const SCHEMA = "blink.state/1";
/** Milliseconds between two questions. */
const PAUSE = 1000;
/** Milliseconds that an answer may take. */
const PATIENCE = 10_000;

let [timer, isPaused, isAsking] = [null, false, false];

const summary = (state) => {
  const { server, memory, models } = state;
  const workers = models.reduce((count, model) => count + model.workers.length, 0);
  const budget = memory.budget === null ? "" : ` of ${bytes(memory.budget)}`;
  return [
    server.ready ? "Ready." : "Not ready.",
    `${several(models.length, "model version")}, ${several(workers, "worker")} with ${bytes(memory.workers)}${budget},`,
    `${several(server.connections, "connection")}. The server itself holds ${bytes(server.resident)}.`,
  ].join(" ");
};

const show = (state) => {
  if (state.schema !== SCHEMA) throw new Error(`it speaks ${state.schema}, this page ${SCHEMA}; load the page anew`);
  figures.add(state);
  say(by("release"), state.server.version);
  say(by("summary"), summary(state));
  charts.show(figures.points());
  tables.show(state);
  starts.show(state.starts);
  form.show(state.models);
};

const ask = async () => {
  if (isAsking) return;
  isAsking = true;
  clearTimeout(timer);
  try {
    const response = await fetch("/blink/v1/state", { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
    if (!response.ok) throw new Error(`status ${response.status}`);
    show(await response.json());
    say(by("trouble"), "");
  } catch (error) {
    say(by("trouble"), `The server does not answer: ${error.message}. It is asked again each second.`);
  }
  isAsking = false;
  clearTimeout(timer);
  if (!isPaused && !document.hidden) timer = setTimeout(ask, PAUSE);
};

/** Asks now where somebody wants to know, else not until somebody does. */
const resume = () => {
  clearTimeout(timer);
  if (!isPaused && !document.hidden) ask();
};

by("pause").addEventListener("click", ({ target }) => {
  isPaused = !isPaused;
  target.setAttribute("aria-pressed", String(isPaused));
  resume();
});
document.addEventListener("visibilitychange", resume);
by("numbers").closest("details").addEventListener("toggle", () => {
  if (figures.points().length) charts.show(figures.points());
});
ask();
