// Elements as the protocol's bytes: little-endian, row-major. Outputs always come so, as JSON cannot write them all.

/** Elements of an output that are shown. */
const LISTED = 200;

const view = new DataView(new ArrayBuffer(8));

/** The shortest writing of a 32-bit float. */
const single = (value) => {
  const digits = [6, 7, 8, 9].find((count) => Math.fround(Number(value.toPrecision(count))) === value);
  return digits ? Number(value.toPrecision(digits)) : value;
};

const fromHalf = (bits) => {
  const [sign, exponent, rest] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 0x1f, bits & 0x3ff];
  if (exponent === 0x1f) return rest ? NaN : sign * Infinity;
  return sign * (exponent ? (1024 + rest) * 2 ** (exponent - 25) : rest * 2 ** -24);
};

const fromBrain = (bits) => {
  view.setUint32(0, bits << 16);
  return view.getFloat32(0);
};

/** The nearest whole number; the even one where two are as near. */
const even = (value) => {
  const [floor, rest] = [Math.floor(value), value % 1];
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
};

/** The 16-bit float nearest to a number. */
export const half = (value) => {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (Number.isNaN(size)) return 0x7e00;
  if (size >= 65520) return sign | 0x7c00;
  if (size < 2 ** -14) return sign | even(size * 2 ** 24);
  view.setFloat64(0, size);
  const exponent = (view.getUint16(0) >> 4) - 1023;
  return sign | (((exponent + 15) << 10) + even(size / 2 ** (exponent - 10)) - 1024);
};

/** The bfloat16 nearest to a number. */
export const brain = (value) => {
  view.setFloat32(0, value);
  const bits = view.getUint32(0);
  return Number.isNaN(value) ? 0x7fc0 : ((bits + 0x7fff + ((bits >>> 16) & 1)) / 65536) & 0xffff;
};

/** What has no form in JSON and can be written in the form all the same. */
const WRITERS = { FP16: half, BF16: brain };

/** Whether elements of this type go as bytes. */
export const isBinary = (datatype) => datatype in WRITERS;

/** Numbers as bytes. */
export const encode = (datatype, numbers) => {
  const bytes = new DataView(new ArrayBuffer(numbers.length * 2));
  numbers.forEach((number, index) => bytes.setUint16(index * 2, WRITERS[datatype](number), true));
  return new Uint8Array(bytes.buffer);
};

/** Bytes of an element, and how it is read. */
const READERS = {
  BOOL: [1, (data, at) => data.getUint8(at) !== 0],
  UINT8: [1, (data, at) => data.getUint8(at)],
  INT8: [1, (data, at) => data.getInt8(at)],
  UINT16: [2, (data, at) => data.getUint16(at, true)],
  INT16: [2, (data, at) => data.getInt16(at, true)],
  UINT32: [4, (data, at) => data.getUint32(at, true)],
  INT32: [4, (data, at) => data.getInt32(at, true)],
  UINT64: [8, (data, at) => data.getBigUint64(at, true)],
  INT64: [8, (data, at) => data.getBigInt64(at, true)],
  FP16: [2, (data, at) => Number(fromHalf(data.getUint16(at, true)).toPrecision(5))],
  BF16: [2, (data, at) => Number(fromBrain(data.getUint16(at, true)).toPrecision(4))],
  FP32: [4, (data, at) => single(data.getFloat32(at, true))],
  FP64: [8, (data, at) => data.getFloat64(at, true)],
};

const strings = (data) => {
  const [found, text] = [[], new TextDecoder()];
  for (let at = 0; at < data.byteLength && found.length < LISTED;) {
    const size = data.getUint32(at, true);
    found.push(JSON.stringify(text.decode(new Uint8Array(data.buffer, data.byteOffset + at + 4, size))));
    at += 4 + size;
  }
  return found;
};

/** The first elements of an output as text. What is no whole byte wide, or has no reader, is shown byte by byte. */
export const list = (datatype, data) => {
  if (datatype === "BYTES") return strings(data);
  const [size, read] = READERS[datatype] ?? [1, (bytes, at) => `0x${bytes.getUint8(at).toString(16).padStart(2, "0")}`];
  const count = Math.min(LISTED, Math.floor(data.byteLength / size));
  return Array.from({ length: count }, (_, index) => String(read(data, index * size)));
};
