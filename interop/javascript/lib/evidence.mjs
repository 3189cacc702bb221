// 04 log: evidence that the key of an epoch has signed two trees of one log.

import { hex, same, utf8 } from "./bytes.mjs";
import { decode } from "./dagcbor.mjs";
import { epochsOf, PATH_EVENTS_MAX } from "./identity.mjs";
import { checkHashes, joinRange, rootByRange } from "./merkle.mjs";
import { parseOrigin } from "./names.mjs";
import { openCheckpoint } from "./notes.mjs";
import { chain } from "./proofs.mjs";
import { need, needFields, needList, needText } from "./refused.mjs";

const BYTES_MAX = PATH_EVENTS_MAX * 4096 + 64 * 1024;
const FIELDS = ["format", "history", "origin", "smaller", "larger", "proof"];

// Two signed trees, and what the larger one begins with, which is not the smaller one.
export function contradiction({ origin, smaller, larger, proof }, key) {
  const [small, large] = [smaller, larger].map((note) => openCheckpoint(note, origin, key));
  const inOrder = small.size < large.size || (small.size === large.size && hex(small.root) <= hex(large.root));
  need(inOrder, "evidence: the smaller tree comes first");
  let shown = large.root;
  if (small.size === large.size) {
    need(proof.length === 0, "evidence: a proof between equal sizes");
  } else {
    const { left, root } = rootByRange([], small.size, large.size, proof);
    need(same(root, large.root), "evidence: the proof leads to another root");
    shown = joinRange(left);
  }
  need(!same(shown, small.root), "evidence: no contradiction");
  return { small, large, shown };
}

export function verifyEvidence(data) {
  const file = decode(data, { floats: false, bytesMax: BYTES_MAX });
  need(file instanceof Map, "evidence file: expected a map");
  needFields(file, FIELDS, "evidence file");
  need(file.get("format") === "frost-evidence/1", "evidence file: format");
  const origin = needText(file.get("origin"), "origin");
  const { did, epoch: n, event } = parseOrigin(origin);
  const { path } = chain(did, needList(file.get("history"), 0, PATH_EVENTS_MAX, "history")).counted();
  const epoch = epochsOf(did, path).get(origin);
  need(epoch?.key, "evidence file: its history does not open the epoch");
  need(String(path.at(-1).cid) === String(event), "evidence file: its history goes on behind the epoch");
  const [smaller, larger] = ["smaller", "larger"].map((name) => utf8(needText(file.get(name), name)));
  const proof = checkHashes(needList(file.get("proof"), 0, 128, "proof"));
  const { small, large, shown } = contradiction({ origin, smaller, larger, proof }, epoch.key);
  return {
    did,
    origin,
    epoch: n,
    key: hex(epoch.key),
    smaller: { size: small.size, root: hex(small.root) },
    larger: { size: large.size, root: hex(large.root) },
    shown: hex(shown),
  };
}
