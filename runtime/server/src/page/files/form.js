// The form: a model is asked over the same protocol as by any client.

import { by, html, measure, number, say, several } from "./dom.js";
import { shape as shown } from "./tables.js";
import { encode, isBinary, list } from "./tensor.js";

/** Inputs up to this many elements are written out. */
const WRITTEN = 64;
/** The most elements that the form sends. */
const MOST = 4_000_000;

const ZEROS = { BOOL: "false", BYTES: "\"\"" };
const zero = (datatype) => ZEROS[datatype] ?? "0";
const key = (model) => JSON.stringify([model.name, model.version, model.inputs, model.outputs]);
const count = (dims) => dims.reduce((product, dim) => product * dim, 1);

/** What is wrong with what was written, and where. */
class Refusal extends Error {
  constructor(words, field) {
    super(words);
    this.field = field;
  }
}

let models = new Map();
let built = "";

const field = (control, label, hint) => {
  const { id } = control;
  control.setAttribute("aria-describedby", `${id}-hint`);
  const words = html("p", { class: "hint", id: `${id}-hint` }, hint);
  return html("div", { class: "field" }, html("label", { for: id }, label), control, words);
};

const fieldset = (input, index) => {
  const dims = (input.shape ?? []).map((dim) => typeof dim === "number" && dim >= 0 ? dim : 1);
  const elements = count(dims);
  const value = zero(input.datatype);
  const [shapeId, valuesId, leaveId] = ["shape", "values", "leave"].map((part) => `input-${index}-${part}`);
  const text = elements > 0 && elements <= WRITTEN ? `[${Array(elements).fill(value).join(", ")}]` : value;
  const shape = html("input", { id: shapeId, value: `[${dims.join(", ")}]`, spellcheck: "false" });
  const values = html("textarea", { id: valuesId, rows: 3, spellcheck: "false" });
  values.value = text;
  const leave = html("input", { type: "checkbox", id: leaveId });
  return html(
    "fieldset",
    { "data-input": index },
    html("legend", {}, `${input.name}, ${input.datatype} ${shown(input.shape)}`),
    input.optional ? html("div", { class: "check" }, leave, html("label", { for: leaveId }, "Leave it out")) : null,
    field(shape, `Shape of ${input.name}`, "Sizes, outermost first, as a JSON array."),
    field(values, `Values of ${input.name}`, "A JSON array in row-major order, or one value for every element."),
  );
};

const build = (model) => {
  built = model ? key(model) : "";
  by("try-inputs").replaceChildren(...(model ? model.inputs.map(fieldset) : []));
  by("try-run").disabled = !model;
  by("outputs").replaceChildren();
  say(by("result"), model ? "" : "No model is ready.");
};

const parsed = (control, words) => {
  try {
    return JSON.parse(control.value);
  } catch {
    throw new Refusal(`${words} is not JSON.`, control);
  }
};

/** One input: its head in JSON, and its elements as bytes where JSON has no form for them. Numbers in JSON go as they
 *  were written: a 64-bit integer keeps all its digits. */
const tensor = (input, index) => {
  if (by(`input-${index}-leave`)?.checked) return null;
  const [shapeField, valuesField] = [by(`input-${index}-shape`), by(`input-${index}-values`)];
  const shape = parsed(shapeField, `The shape of ${input.name}`);
  if (!Array.isArray(shape) || !shape.every((dim) => Number.isSafeInteger(dim) && dim >= 0)) {
    throw new Refusal(`The shape of ${input.name} is not an array of whole numbers.`, shapeField);
  }
  const elements = count(shape);
  if (elements > MOST) {
    throw new Refusal(`${number(elements)} elements of ${input.name} are too many for a form.`, shapeField);
  }
  const values = parsed(valuesField, `What is written as values of ${input.name}`);
  const flat = Array.isArray(values) ? values.flat(Infinity) : Array(elements).fill(values);
  if (flat.length !== elements) {
    const words = `${input.name} has ${number(flat.length)} values, its shape asks for ${number(elements)}.`;
    throw new Refusal(words, valuesField);
  }
  const head = { name: input.name, shape, datatype: input.datatype };
  if (isBinary(input.datatype)) {
    if (!flat.every((value) => typeof value === "number")) {
      throw new Refusal(`Values of ${input.name} are not all numbers.`, valuesField);
    }
    const bytes = encode(input.datatype, flat);
    return { json: JSON.stringify({ ...head, parameters: { binary_data_size: bytes.length } }), bytes };
  }
  const text = valuesField.value.trim();
  const data = Array.isArray(values) ? text : `[${Array(elements).fill(text).join(",")}]`;
  return { json: `${JSON.stringify(head).slice(0, -1)},"data":${data}}`, bytes: new Uint8Array() };
};

/** An output: its name, and the first of its elements. */
const output = ({ name, datatype, shape }, data) => {
  const listed = list(datatype, data);
  const rest = count(shape) > listed.length ? `, and more: ${number(count(shape))} in all` : "";
  return [
    html("h3", {}, `${name}, ${datatype} ${shown(shape)}`),
    html("pre", { tabindex: 0, role: "region", "aria-label": `Values of ${name}` }, listed.join(", ") + rest),
  ];
};

/** Asks the model; its outputs in binary, as that has a form for all of them. */
const run = async (model) => {
  const inputs = model.inputs.map(tensor).filter((found) => found !== null);
  const path = `/v2/models/${encodeURIComponent(model.name)}/versions/${model.version}/infer`;
  const json = inputs.map((input) => input.json).join(",");
  const head = new TextEncoder().encode(`{"inputs":[${json}],"parameters":{"binary_data_output":true}}`);
  const body = new Blob([head, ...inputs.map((input) => input.bytes)]);
  const headers = { "Inference-Header-Content-Length": head.length, "Content-Type": "application/octet-stream" };
  const began = performance.now();
  const response = await fetch(path, { method: "POST", headers, body });
  const bytes = await response.arrayBuffer();
  const ms = performance.now() - began;
  const length = Number(response.headers.get("Inference-Header-Content-Length") ?? bytes.byteLength);
  const answer = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 0, length)));
  if (!response.ok) throw new Refusal(`The server refuses (${response.status}): ${answer.error}`);
  let at = length;
  const outputs = answer.outputs.map((found) => {
    const size = found.parameters?.binary_data_size ?? 0;
    at += size;
    return [found, new DataView(bytes, at - size, size)];
  });
  return [outputs, ms];
};

const submit = async (event) => {
  event.preventDefault();
  const model = models.get(by("try-model").value);
  const button = by("try-run");
  document.querySelectorAll("#try [aria-invalid]").forEach((control) => control.removeAttribute("aria-invalid"));
  by("outputs").replaceChildren();
  say(by("result"), "Asking the model.");
  button.disabled = true;
  try {
    const [outputs, ms] = await run(model);
    say(by("result"), `${several(outputs.length, "output")} after ${measure(ms)} ms.`);
    by("outputs").replaceChildren(...outputs.flatMap(([found, data]) => output(found, data)));
  } catch (error) {
    say(by("result"), error instanceof Refusal ? error.message : `The server was not reached: ${error.message}.`);
    error.field?.setAttribute("aria-invalid", "true");
    error.field?.focus();
  }
  button.disabled = false;
};

/** Takes over which models there are. What somebody has written stays, as long as its model does. */
export const show = (all) => {
  const ready = all.filter((model) => model.state === "ready" && model.path === null);
  const keys = ready.map(key);
  const select = by("try-model");
  if (keys.join("\n") !== [...models.keys()].join("\n") || (!built && !ready.length)) {
    const chosen = select.value;
    models = new Map(ready.map((model) => [key(model), model]));
    const option = (model) => html("option", { value: key(model) }, `${model.name}, version ${model.version}`);
    select.replaceChildren(...ready.map(option));
    if (models.has(chosen)) select.value = chosen;
  }
  if (built !== select.value || !ready.length) build(models.get(select.value));
};

by("try").addEventListener("submit", submit);
by("try-model").addEventListener("change", () => build(models.get(by("try-model").value)));
