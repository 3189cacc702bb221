// 04 log: what a witness may cosign which has cosigned another tree last.

import { base64 } from "./base64.mjs";
import { same } from "./bytes.mjs";
import { SAFE_MAX, verifyConsistency } from "./merkle.mjs";
import { openCheckpoint, parseCheckpoint, parseNote } from "./notes.mjs";
import { need } from "./refused.mjs";

const BYTES_MAX = 20 * 1024;
const OLD = /^old (0|[1-9][0-9]{0,15})$/;

export function judgeRequest(data, key, last) {
  need(data.length <= BYTES_MAX, "request: too large");
  const blank = Buffer.from(data).indexOf("\n\n");
  need(blank >= 0, "request: no blank line");
  const [first, ...lines] = Buffer.from(data.subarray(0, blank)).toString("latin1").split("\n");
  need(OLD.test(first) && lines.length <= 63, "request: old size and at most 63 hashes");
  const old = Number(first.slice(4));
  need(old <= SAFE_MAX, "request: old size");
  const proof = lines.map(base64);
  need(proof.every((hash) => hash.length === 32), "request: hashes of 32 bytes");
  const note = data.subarray(blank + 2);
  const { origin } = parseCheckpoint(parseNote(note).text);
  const { size, root } = openCheckpoint(note, origin, key);
  need(old <= size, "request: old size above the checkpoint's");
  need(old === last.size, "request: another tree was cosigned last");
  need(size !== last.size || same(root, last.root), "request: another root at that size");
  verifyConsistency(last.size, last.root, size, root, proof);
  return { size, root };
}
