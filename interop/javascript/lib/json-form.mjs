// 01 encoding: the lossless JSON form. Read by hand, because JSON.parse forgets how a number was written.

import { DEPTH_MAX, Float } from "./dagcbor.mjs";
import { base64 } from "./base64.mjs";
import { parseLink } from "./names.mjs";
import { need, refuse } from "./refused.mjs";

const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const SPACE = /[ \t\n\r]*/y;
const WORDS = new Map([["true", true], ["false", false], ["null", null]]);

// The value that a JSON text stands for.
export function parseJsonForm(text) {
  const reader = new Reader(text);
  const item = reader.item(0);
  reader.space();
  need(reader.at === text.length, "JSON: more than one value");
  return fromJson(item, 0);
}

class Reader {
  constructor(text) {
    this.text = text;
    this.at = 0;
  }

  match(pattern) {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found !== null) this.at = pattern.lastIndex;
    return found;
  }

  space() {
    this.match(SPACE);
  }

  skip(char) {
    this.space();
    const there = this.text[this.at] === char;
    if (there) this.at += 1;
    return there;
  }

  item(depth) {
    need(depth <= 2 * DEPTH_MAX + 2, "JSON: nested too deep");
    if (this.skip("{")) return this.object(depth + 1);
    if (this.skip("[")) return this.array(depth + 1);
    for (const [word, value] of WORDS) {
      if (this.text.startsWith(word, this.at)) {
        this.at += word.length;
        return value;
      }
    }
    return this.text[this.at] === '"' ? this.string() : this.number();
  }

  object(depth) {
    const found = new Map();
    if (this.skip("}")) return found;
    do {
      this.space();
      const key = this.string();
      need(!found.has(key), "JSON: a key twice");
      need(this.skip(":"), "JSON: expected a colon");
      found.set(key, this.item(depth));
    } while (this.skip(","));
    need(this.skip("}"), "JSON: an object does not end");
    return found;
  }

  array(depth) {
    const found = [];
    if (this.skip("]")) return found;
    do found.push(this.item(depth));
    while (this.skip(","));
    need(this.skip("]"), "JSON: an array does not end");
    return found;
  }

  string() {
    const found = this.match(STRING);
    need(found, "JSON: expected a string");
    const text = JSON.parse(found[0]);
    need(text.isWellFormed(), "JSON: a lone surrogate");
    return text;
  }

  number() {
    const found = this.match(NUMBER);
    need(found, "JSON: expected a value");
    if (found[1] !== undefined || found[2] !== undefined) return float(Number(found[0]));
    need(found[0] !== "-0" && found[0].length <= 21, "JSON: integer");
    const integer = BigInt(found[0]);
    need(-(2n ** 64n) <= integer && integer < 2n ** 64n, "JSON: an integer beyond 64 bits");
    const number = Number(integer);
    return Number.isSafeInteger(number) ? number : integer;
  }
}

function float(number) {
  need(Number.isFinite(number) && !Object.is(number, -0), "JSON: an infinite number or -0.0");
  return new Float(number);
}

function fromJson(item, depth) {
  if (item instanceof Map && item.size === 1 && item.has("/")) return fromSlash(item.get("/"), depth);
  if (Array.isArray(item) || item instanceof Map) need(depth < DEPTH_MAX, "JSON form: nested too deep");
  if (Array.isArray(item)) return item.map((each) => fromJson(each, depth + 1));
  if (item instanceof Map) return new Map([...item].map(([key, each]) => [key, fromJson(each, depth + 1)]));
  return item;
}

function fromSlash(form, depth) {
  if (typeof form === "string") return parseLink(form);
  need(form instanceof Map && form.size === 1, "JSON form: an object with the one key /");
  const [[key, inner]] = form;
  if (key === "bytes" && typeof inner === "string") {
    need(!inner.endsWith("="), "JSON form: base64 without padding");
    return base64(inner + "=".repeat((4 - (inner.length % 4)) % 4));
  }
  if (key === "/" && depth < DEPTH_MAX) return new Map([["/", fromJson(inner, depth + 1)]]);
  return refuse("JSON form: an object with the one key /");
}
