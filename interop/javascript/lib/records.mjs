// 03 records: headers and bodies.

import { isDeepStrictEqual } from "node:util";
import { same } from "./bytes.mjs";
import { BODY_BYTES_MAX, cidOf, decode, fieldBytes, isOurs } from "./dagcbor.mjs";
import { SAFE_MAX } from "./merkle.mjs";
import { checkTypeAndKey } from "./names.mjs";
import { need, needBytes, needFields, needNumber, needText, Refused } from "./refused.mjs";

export const HEADER_BYTES_MAX = 512;
const BARE = ["v", "op", "type", "key", "time"];

export function parseHeader(data) {
  const fields = decode(data, { floats: false, bytesMax: HEADER_BYTES_MAX });
  need(fields instanceof Map, "header: expected a map");
  const op = fields.get("op");
  need(op === "put" || op === "withdraw", "header: op");
  if (op === "withdraw" && fields.size === BARE.length) {
    needFields(fields, BARE, "header");
  } else {
    needFields(fields, [...BARE, "body", "size"], "header");
    need(isOurs(fields.get("body")), "header: body is a CID");
    needNumber(fields.get("size"), 1, BODY_BYTES_MAX, "size of a body");
  }
  need(fields.get("v") === 1, "header: v is 1");
  checkTypeAndKey(needText(fields.get("type"), "type"), needText(fields.get("key"), "key"));
  needNumber(fields.get("time"), 0, SAFE_MAX, "time of a header");
  return Object.fromEntries(fields);
}

// The fields of a record, without the salt.
export function decodeBody(data) {
  const fields = decode(data);
  need(fields instanceof Map, "body: expected a map");
  need(needBytes(fields.get("salt"), "salt").length === 16, "body: a salt of 16 bytes");
  fields.delete("salt");
  return fields;
}

export function checkBody(header, data) {
  need(header.size !== undefined && data.length === header.size, "body: its size is not the one in the header");
  need(same(cidOf(data).bytes, header.body.bytes), "body: its hash is not the one in the header");
}

// Whether two bodies differ in their salts alone; one that cannot be read is the same as itself alone.
export function isSameContent(one, other) {
  if (same(one, other)) return true;
  try {
    return isDeepStrictEqual(content(one), content(other));
  } catch (error) {
    if (error instanceof Refused) return false;
    throw error;
  }
}

// The fields of a body without its salt, each as its bytes stand, so that no float is written again.
function content(data) {
  decodeBody(data);
  return [...fieldBytes(data)].filter(([name]) => name !== "salt");
}

export function readHeader(leaf) {
  try {
    return parseHeader(leaf);
  } catch (error) {
    if (error instanceof Refused) return null;
    throw error;
  }
}
