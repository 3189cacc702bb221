// One kind of failure: the bytes are not what the specification says.

export class Refused extends Error {}

export function refuse(what) {
  throw new Refused(what);
}

export function need(condition, what) {
  if (!condition) refuse(what);
}

export function needNumber(value, low, high, what) {
  need(Number.isSafeInteger(value) && low <= value && value <= high, `${what}: expected ${low} to ${high}`);
  return value;
}

export function needText(value, what) {
  need(typeof value === "string", `${what}: expected text`);
  return value;
}

export function needBytes(value, what) {
  need(value instanceof Uint8Array, `${what}: expected bytes`);
  return value;
}

export function needList(value, low, high, what) {
  need(Array.isArray(value) && low <= value.length && value.length <= high, `${what}: expected ${low} to ${high} items`);
  return value;
}

// A map with exactly these fields.
export function needFields(value, names, what) {
  need(value instanceof Map, `${what}: expected a map`);
  need(value.size === names.length && names.every((name) => value.has(name)), `${what}: expected ${names}`);
  return value;
}
