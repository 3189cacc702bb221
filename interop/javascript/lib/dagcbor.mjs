// 01 encoding: canonical DAG-CBOR.
//
// The library builds the values; it takes more than the canonical form, so every byte string is walked over first.
// Values are never written again to be compared: JavaScript cannot tell 1.0 from 1. Maps come as Map: an object would
// put keys like "1" first and take "__proto__" for something else.

import { isUtf8 } from "node:buffer";
import { decodeOptions, encodeOptions } from "@ipld/dag-cbor";
import * as cborg from "cborg";
import { base32 } from "multiformats/bases/base32";
import { base58btc } from "multiformats/bases/base58";
import { concat, same, sha256, unhex } from "./bytes.mjs";
import { need, refuse, Refused } from "./refused.mjs";

export const BODY_BYTES_MAX = 4 * 1024 * 1024;
export const DEPTH_MAX = 64;
const ITEMS_MAX = 2 ** 20;
const OURS = unhex("01711220");

// A CID by its bytes.
export class Link {
  constructor(bytes) {
    this.bytes = bytes;
  }

  toString() {
    return isVersion0(this.bytes) ? base58btc.baseEncode(this.bytes) : base32.encode(this.bytes);
  }

  get isOurs() {
    return this.bytes.length === 36 && same(this.bytes.subarray(0, 4), OURS);
  }
}

// A number that is written as a float, whatever its value.
export class Float {
  constructor(value) {
    this.value = value;
  }
}

export const isOurs = (value) => value instanceof Link && value.isOurs;

export const cidOf = (bytes) => new Link(concat(OURS, sha256(bytes)));

const isVersion0 = (raw) => raw[0] === 0x12 && raw[1] === 0x20;

// Any well-formed CID: version 0, or version 1 with a digest of the length that it states.
export function checkCid(raw) {
  if (isVersion0(raw)) {
    need(raw.length === 34, "link: a CID of version 0 has 34 bytes");
    return new Link(raw);
  }
  const [version, codec] = varint(raw, 0);
  need(version === 1n, "link: not a CID");
  const [, hash] = varint(raw, codec);
  const [, length] = varint(raw, hash);
  const [stated, digest] = varint(raw, length);
  need(stated === BigInt(raw.length - digest), "link: its digest has not the stated length");
  return new Link(raw);
}

export function varint(raw, start) {
  let value = 0n;
  for (let count = 0; count < 9; count++) {
    need(start + count < raw.length, "link: ends inside a number");
    const byte = raw[start + count];
    value |= BigInt(byte & 127) << BigInt(7 * count);
    if (byte < 128) {
      need(byte > 0 || count === 0, "link: a number is not minimal");
      return [value, start + count + 1];
    }
  }
  return refuse("link: a number of more than nine bytes");
}

// Walks over one item. Strict is canonical DAG-CBOR, else any CBOR of definite lengths without tags. Its values tell
// floats from integers, but not one integer beyond 2^53 from another.
class Walker {
  constructor(data, { strict = true, floats = true, depthMax = DEPTH_MAX } = {}) {
    Object.assign(this, { data, strict, floats, depthMax, at: 0, items: 1 });
    this.view = new DataView(data.buffer, data.byteOffset, data.length);
  }

  take(count) {
    need(this.at + count <= this.data.length, "CBOR: ends too early");
    this.at += count;
    return this.data.subarray(this.at - count, this.at);
  }

  head() {
    const [first] = this.take(1);
    const info = first & 31;
    if (info < 24) return [first >> 5, info, info];
    need(info < 28, "CBOR: indefinite length or reserved head");
    const at = this.at;
    this.take(2 ** (info - 24));
    const argument = this.argument(info, at);
    const minimal = argument >= { 24: 24, 25: 2 ** 8, 26: 2 ** 16, 27: 2 ** 32 }[info];
    need(!this.strict || first >= 0xe0 || minimal, "CBOR: a head is not minimal");
    return [first >> 5, info, argument];
  }

  // Lengths are compared with what is there, so the loss beyond 2^53 does no harm.
  argument(info, at) {
    if (info === 24) return this.data[at];
    if (info === 25) return this.view.getUint16(at);
    return info === 26 ? this.view.getUint32(at) : Number(this.view.getBigUint64(at));
  }

  item(depth = 0) {
    const start = this.at;
    const [major, info, argument] = this.head();
    if (major < 2) return major === 0 ? argument : -1 - argument;
    if (major === 2) return this.take(argument);
    if (major === 3) return this.text(argument);
    if (major === 6) return this.link(argument);
    if (major === 7) return this.simple(info, start);
    need(depth < this.depthMax, `CBOR: nested deeper than ${this.depthMax}`);
    need(argument <= this.data.length, "CBOR: claims more items than there are bytes");
    this.items += argument * (major - 3);
    need(this.items <= ITEMS_MAX, `CBOR: more than ${ITEMS_MAX} items`);
    return major === 4 ? this.array(argument, depth + 1) : this.map(argument, depth + 1);
  }

  text(length) {
    const raw = this.take(length);
    need(isUtf8(raw), "CBOR: text is not UTF-8");
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(raw);
  }

  array(count, depth) {
    const found = [];
    for (let index = 0; index < count; index++) found.push(this.item(depth));
    return found;
  }

  // Keys of DAG-CBOR come in order of length, then of bytes; as heads are minimal, that is the order of whole items.
  map(count, depth) {
    const found = new Map();
    let last = null;
    for (let index = 0; index < count; index++) {
      const start = this.at;
      const name = this.key(depth);
      const raw = this.data.subarray(start, this.at);
      need(!this.strict || last === null || Buffer.compare(last, raw) < 0, "CBOR: map keys out of order or repeated");
      need(!found.has(name), "CBOR: a map key twice");
      found.set(name, this.item(depth));
      last = raw;
    }
    return found;
  }

  key(depth) {
    const major = this.data[this.at] >> 5;
    need(major === 3 || (major === 2 && !this.strict), "CBOR: a map key is text");
    const key = this.item(depth);
    return key instanceof Uint8Array ? `bytes ${key}` : key;
  }

  link(tag) {
    need(this.strict && tag === 42, `CBOR: tag ${tag}`);
    const [major, , length] = this.head();
    need(major === 2, "CBOR: a link is a byte string");
    const raw = this.take(length);
    need(raw[0] === 0, "CBOR: a link begins with 00");
    return checkCid(raw.subarray(1));
  }

  simple(info, start) {
    if (info >= 20 && info <= 22) return [false, true, null][info - 20];
    if (!this.strict) {
      need(info !== 24 || this.data[start + 1] >= 32, "CBOR: simple value");
      return new Float(NaN);
    }
    need(info === 27, "CBOR: simple value or short float");
    need(this.floats, "CBOR: a float where none may be");
    const number = this.view.getFloat64(start + 1);
    need(Number.isFinite(number) && !Object.is(number, -0), "CBOR: NaN, infinity or -0.0");
    return new Float(number);
  }
}

const asLink = (read) => new Link(new Uint8Array(read().subarray(1)));
const STRICT = { ...decodeOptions, useMaps: true, tags: { 42: asLink } };

function build(data, options) {
  try {
    return cborg.decode(data, options);
  } catch (error) {
    throw new Refused(error.message);
  }
}

function walkAll(data, options) {
  const walker = new Walker(data, options);
  const value = walker.item();
  need(walker.at === data.length, "CBOR: bytes after the value");
  return value;
}

// Canonical DAG-CBOR, all of it.
export function decode(data, { floats = true, bytesMax = BODY_BYTES_MAX, depthMax = DEPTH_MAX } = {}) {
  need(data.length <= bytesMax, `DAG-CBOR: ${data.length} bytes, expected at most ${bytesMax}`);
  walkAll(data, { floats, depthMax });
  return build(data, STRICT);
}

// CBOR that is not content-addressed: the inside of a frame.
export function decodeLenient(data, depthMax) {
  return walkAll(data, { strict: false, depthMax });
}

// The fields of a top-level map, each as its bytes stand.
export function fieldBytes(data) {
  const walker = new Walker(data);
  const [, , count] = walker.head();
  const found = new Map();
  for (let index = 0; index < count; index++) {
    const name = walker.item();
    const start = walker.at;
    walker.item();
    found.set(name, data.subarray(start, walker.at));
  }
  return found;
}

function objectTokens(value, ...rest) {
  if (value instanceof Float) return [new cborg.Token(cborg.Type.float, value.value)];
  if (!(value instanceof Link)) return encodeOptions.typeEncoders.Object(value, ...rest);
  const bytes = concat(Uint8Array.of(0), value.bytes);
  return [new cborg.Token(cborg.Type.tag, 42), new cborg.Token(cborg.Type.bytes, bytes)];
}

const ENCODE = {
  ...encodeOptions,
  typeEncoders: { ...encodeOptions.typeEncoders, Map: () => null, Object: objectTokens },
};

// Canonical DAG-CBOR of Maps, arrays, Links, Floats, numbers and BigInts for integers, and so on.
export function encode(value) {
  try {
    return cborg.encode(value, ENCODE);
  } catch (error) {
    throw new Refused(error.message);
  }
}
