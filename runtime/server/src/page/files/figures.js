// What the server counted, poll by poll, as figures over time.
//
// The server only counts up. A figure is the difference of two polls; where a server was started anew there is none.

/** Seconds that are kept. */
export const KEPT = 300;
/** Seconds over which latencies are taken together. */
const WINDOW = 10;
/** Seconds between two polls from which on nothing is said of the time between. */
const GAP = 5;

const samples = [];
let bounds = [];

const sum = (values) => values.reduce((total, value) => total + value, 0);

/** Takes over one poll. */
export const add = (state) => {
  const last = samples.at(-1);
  if (last && last.started !== state.server.started) samples.length = 0;
  bounds = state.bounds;
  const models = state.models;
  const workers = models.flatMap((model) => model.workers);
  samples.push({
    at: state.now,
    started: state.server.started,
    answered: sum(models.map((model) => model.counts.success)),
    failed: sum(models.map((model) => model.counts.failed)),
    duration: models.reduce(
      (all, model) => all.map((count, index) => count + model.counts.duration[index]),
      Array(bounds.length + 1).fill(0),
    ),
    queued: sum(models.map((model) => model.queued)),
    workers: workers.length,
    memory: state.memory.workers,
  });
  while (samples[0].at < state.now - KEPT) samples.shift();
};

/** The duration in ms below which `share` of what lies between two cumulative histograms is; `null`: nothing does. */
export const quantile = (before, after, share) => {
  const counts = after.map((count, index) => Math.max(0, count - (before[index] ?? 0)));
  const all = counts.at(-1);
  if (!all) return null;
  const wanted = share * all;
  const at = counts.findIndex((count) => count >= wanted);
  if (at >= bounds.length) return bounds.at(-1) * 1000;
  const [low, high] = [at === 0 ? 0 : bounds[at - 1], bounds[at]];
  const [below, upTo] = [at === 0 ? 0 : counts[at - 1], counts[at]];
  return (low + (high - low) * ((wanted - below) / (upTo - below))) * 1000;
};

/** A point for each poll, the oldest first. `null` where there is no figure. */
export const points = () => samples.map((sample, index) => {
  const before = samples[index - 1];
  const passed = before ? sample.at - before.at : 0;
  const isKnown = passed > 0 && passed < GAP;
  const rate = (name) => isKnown ? Math.max(0, sample[name] - before[name]) / passed : null;
  const first = samples.find((other) => other.at >= sample.at - WINDOW) ?? sample;
  return {
    at: sample.at,
    isAfterGap: !isKnown,
    rate: rate("answered"),
    failed: rate("failed"),
    p50: quantile(first.duration, sample.duration, 0.5),
    p95: quantile(first.duration, sample.duration, 0.95),
    queued: sample.queued,
    workers: sample.workers,
    memory: sample.memory,
  };
});
