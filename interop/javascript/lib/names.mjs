// 01 encoding: names.

import { base32 } from "multiformats/bases/base32";
import { base58btc } from "multiformats/bases/base58";
import { checkCid } from "./dagcbor.mjs";
import { need, Refused } from "./refused.mjs";

const TYPE = /^[a-z][a-z0-9.-]{0,63}$/;
const KEY = /^[A-Za-z0-9._:-][A-Za-z0-9._~:/-]*(@[A-Za-z0-9._~:-]+)?$/;
const ORIGIN = /^([^/\n]+)\/log\/(0|[1-9][0-9]{0,2})\/([^/\n]+)$/;

function unbase(codec, text) {
  try {
    return codec.baseDecode(text);
  } catch (error) {
    throw new Refused(error.message);
  }
}

// Any CID, in the spelling that it is written in here.
export function parseLink(text) {
  const raw = text.startsWith("Qm") ? unbase(base58btc, text) : unbase(base32, text.replace(/^b/, ""));
  const link = checkCid(raw);
  need(link.toString() === text, "CID: spelling");
  return link;
}

export function parseCid(text) {
  const link = parseLink(text);
  need(link.isOurs, "CID: CIDv1, dag-cbor, sha2-256");
  return link;
}

// The CID of the genesis event.
export function parseDid(text) {
  need(text.startsWith("did:frost:"), "DID: did:frost:");
  return parseCid(text.slice("did:frost:".length));
}

export function checkType(text) {
  need(TYPE.test(text), "record type");
}

export function checkKey(text) {
  need(text.length <= 200 && KEY.test(text), "record key");
}

export function checkTypeAndKey(type, key) {
  checkType(type);
  checkKey(key);
  need(key.includes("@") === (type === "version"), "record key: a version's key has a label, no other has");
}

export function parseOrigin(text) {
  const found = ORIGIN.exec(text);
  need(found, "origin");
  parseDid(found[1]);
  return { did: found[1], epoch: Number(found[2]), event: parseCid(found[3]) };
}

// The text before the first separator, and the text after it or null.
function cut(text, separator) {
  const at = text.indexOf(separator);
  return at < 0 ? [text, null] : [text.slice(0, at), text.slice(at + separator.length)];
}

export function parseDidUrl(text) {
  const [path, cid] = cut(text, "?cid=");
  const [did, record] = cut(path, "/");
  parseDid(did);
  need(record !== null, "DID URL: no path");
  let type = record.includes("@") ? "version" : "dataset";
  let key = record;
  if (record.startsWith("~")) {
    const [name, rest] = cut(record.slice(1), "/");
    need(name !== "dataset" && name !== "version", "DID URL: datasets and versions go without their type");
    [type, key] = [name, rest ?? ""];
  }
  checkTypeAndKey(type, key);
  return { did, type, key, cid: cid === null ? null : parseCid(cid) };
}

export function didUrl(did, type, key) {
  return type === "dataset" || type === "version" ? `${did}/${key}` : `${did}/~${type}/${key}`;
}
