// Elements without markup from elsewhere: whatever a name holds, it is text.

const SVG = "http://www.w3.org/2000/svg";

const fill = (element, attributes, children) => {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== null && value !== false) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
};

/** An HTML element. */
export const html = (name, attributes = {}, ...children) => fill(document.createElement(name), attributes, children);

/** An SVG element. */
export const svg = (name, attributes = {}, ...children) =>
  fill(document.createElementNS(SVG, name), attributes, children);

/** The element with this id. */
export const by = (id) => document.getElementById(id);

/** Sets an element's text where it is another, so that nobody is told twice. */
export const say = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};

/** A drawing with a name and a description. */
export const drawing = (id, height, name, about, ...children) => {
  const labels = { role: "img", viewBox: `0 0 320 ${height}`, "aria-labelledby": `${id}-name ${id}-about` };
  const title = svg("title", { id: `${id}-name` }, name);
  return svg("svg", labels, title, svg("desc", { id: `${id}-about` }, about), ...children);
};

/** A count for people, or the round end of a scale. */
export const number = (value) => value.toLocaleString("en", { maximumSignificantDigits: 15 });

/** What was measured, for people: three digits that count. */
export const measure = (value) => {
  const digits = value >= 99.95 || value === 0 ? 0 : value >= 9.995 ? 1 : value >= 0.9995 ? 2 : 3;
  return value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
};

/** Bytes for people. */
export const bytes = (value) => {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let at = 0;
  for (; value >= 1024 && at < units.length - 1; at += 1) value /= 1024;
  return `${at === 0 ? number(value) : measure(value)} ${units[at]}`;
};

/** The time of day of a moment in seconds since 1970. */
export const clock = (seconds) => new Date(seconds * 1000).toLocaleTimeString("en-GB");

/** One of a thing, or several. */
export const several = (count, one, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;
