// 05 sync: frames.

import { BODY_BYTES_MAX, decodeLenient } from "./dagcbor.mjs";
import { checkHashes, SAFE_MAX } from "./merkle.mjs";
import { need, needBytes, needList, needNumber, needText } from "./refused.mjs";

export const FRAME_BYTES_MAX = BODY_BYTES_MAX + 64 * 1024;
export const FRAME_DEPTH_MAX = 6;

const text = (charsMax) => (value) => {
  need([...needText(value, "field")].length <= charsMax, `field: at most ${charsMax} characters`);
  return value;
};
const bytes = (bytesMax) => (value) => {
  need(needBytes(value, "field").length <= bytesMax, `field: at most ${bytesMax} bytes`);
  return value;
};
const number = (value) => needNumber(value, 0, SAFE_MAX, "field");
const hashes = (value) => checkHashes(needList(value, 0, 128, "field"));
const cursor = (value) => (value === undefined ? null : bytes(64)(value));

function events(value) {
  needList(value, 0, 4096, "events").forEach((item) => needBytes(item, "event"));
  return value;
}

function withheld(value) {
  let last = -1;
  for (const item of needList(value, 0, 256, "withheld")) {
    const [offset, hash, reason] = needList(item, 3, 3, "withheld leaf");
    last = needNumber(offset, last + 1, 255, "withheld: ascending offset");
    checkHashes([hash]);
    text(200)(reason);
  }
  return value;
}

function items(value) {
  for (const item of needList(value, 0, 256, "bodies")) {
    if (item === null || item instanceof Uint8Array) continue;
    const [state, reason] = needList(item, 2, 2, "absent body");
    need(state === "erased" || state === "refused", "absent body: erased or refused");
    text(200)(reason);
  }
  return value;
}

const KINDS = {
  events: { did: text(255), events, cursor },
  checkpoint: { origin: text(255), note: bytes(16384), old: number, proof: hashes },
  entries: {
    origin: text(255),
    size: number,
    start: number,
    bundle: bytes(256 * 514),
    withheld,
    proof: hashes,
    cursor,
  },
  bodies: { origin: text(255), start: number, items, cursor },
  evidence: { origin: text(255), smaller: bytes(16384), larger: bytes(16384), proof: hashes },
  cursor: { cursor: bytes(64) },
  end: { code: text(64), reason: text(200) },
};

// One frame: its kind and the fields that are known.
function parseFrame(content) {
  return readFrame(decodeLenient(content, FRAME_DEPTH_MAX));
}

// The frame that a value says.
export function readFrame(item) {
  const [kind, fields] = needList(item, 2, 2, "frame");
  need(typeof kind === "string" && Object.hasOwn(KINDS, kind) && fields instanceof Map, "frame: [kind, fields]");
  const read = Object.entries(KINDS[kind]).map(([name, reader]) => [name, reader(fields.get(name))]);
  return { kind, ...Object.fromEntries(read) };
}

// Where the content of the byte string at `at` begins and ends; null when it ends beyond the data.
function byteString(data, at) {
  const info = data[at] & 31;
  need(data[at] >> 5 === 2 && info <= 26, "stream: not a byte string below 2^32");
  const begin = at + 1 + (info < 24 ? 0 : 2 ** (info - 24));
  if (begin > data.length) return null;
  const length = info < 24 ? info : data.subarray(at + 1, begin).reduce((sum, byte) => sum * 256 + byte, 0);
  need(length <= FRAME_BYTES_MAX, "stream: frame too large");
  return begin + length <= data.length ? [begin, begin + length] : null;
}

// The frames of a stream, and whether it ends where a frame ends.
export function parseFrames(data) {
  const frames = [];
  let at = 0;
  while (at < data.length) {
    const place = byteString(data, at);
    if (place === null) return { frames, complete: false };
    frames.push(parseFrame(data.subarray(...place)));
    at = place[1];
  }
  return { frames, complete: true };
}

// The items of a CBOR sequence of byte strings.
export function byteStrings(data) {
  const found = [];
  let at = 0;
  while (at < data.length) {
    const place = byteString(data, at);
    need(place, "CBOR sequence: ends too early");
    found.push(data.subarray(...place));
    at = place[1];
  }
  return found;
}
