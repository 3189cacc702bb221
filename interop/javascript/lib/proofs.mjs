// 06 proofs: one record with its proof as one file.

import { hex, same, utf8 } from "./bytes.mjs";
import { BODY_BYTES_MAX, cidOf, decode } from "./dagcbor.mjs";
import { epochsOf, History, PATH_EVENTS_MAX } from "./identity.mjs";
import { checkHashes, leafHash, rootByInclusion, SAFE_MAX } from "./merkle.mjs";
import { didUrl, parseOrigin } from "./names.mjs";
import { cosignatures, openCheckpoint } from "./notes.mjs";
import { checkBody, parseHeader } from "./records.mjs";
import { need, needBytes, needFields, needList, needNumber, needText } from "./refused.mjs";

const RIVALS_MAX = 64;
export const PROOF_BYTES_MAX = BODY_BYTES_MAX + (PATH_EVENTS_MAX + RIVALS_MAX) * 4096 + 64 * 1024;
const FIELDS = ["format", "history", "origin", "index", "path", "header"];

// `witnesses`: the keys of those that the reader knows, by name.
export function verifyProof(data, witnesses) {
  const file = decode(data, { floats: false, bytesMax: PROOF_BYTES_MAX });
  need(file instanceof Map, "proof file: expected a map");
  needFields(file, [...FIELDS, ...["checkpoint", "body", "rivals"].filter((name) => file.has(name))], "proof file");
  need(file.get("format") === "frost-proof/1", "proof file: format");
  const origin = needText(file.get("origin"), "origin");
  const { did } = parseOrigin(origin);
  const history = chain(did, needList(file.get("history"), 0, PATH_EVENTS_MAX, "history"));
  const { path } = history.counted();
  if (file.has("rivals")) {
    const rivals = needList(file.get("rivals"), 1, RIVALS_MAX, "rivals");
    history.takeRivals(rivals.map((raw) => needBytes(raw, "event")));
  }
  const epoch = epochsOf(did, path).get(origin);
  need(epoch?.key, "proof file: its history does not open the epoch");
  const note = file.has("checkpoint") ? utf8(needText(file.get("checkpoint"), "checkpoint")) : null;
  const signed = note === null ? null : openCheckpoint(note, origin, epoch.key);
  const cosigned = note === null ? {} : cosignatures(note, witnesses);
  need(epoch.end ?? signed, "proof file: the checkpoint of an open epoch is missing");
  const { size, root } = epoch.end ?? signed;
  const index = needNumber(file.get("index"), 0, SAFE_MAX, "index");
  const leaf = needBytes(file.get("header"), "header");
  const header = parseHeader(leaf);
  need(same(rootByInclusion(leafHash(leaf), index, size, checkHashes(file.get("path"))), root), "another root");
  if (file.has("body")) checkBody(header, needBytes(file.get("body"), "body"));
  const tip = path.at(-1);
  return {
    did,
    url: `${didUrl(did, header.type, header.key)}?cid=${cidOf(leaf)}`,
    op: header.op,
    time: header.time,
    body: file.has("body"),
    origin,
    index,
    size,
    root: hex(root),
    ended: epoch.end !== null,
    event: { n: tip.n, cid: tip.cid },
    cosigned: signed?.size === size && same(signed.root, root) ? cosigned : {},
    forks: history.forks(),
  };
}

// A history that, taken alone and at once, is one path and nothing beside it, genesis first.
export function chain(did, events) {
  const history = new History(did);
  const refused = history.take(events.map((raw) => needBytes(raw, "event")));
  need(refused.length === 0, `history: ${refused[0]?.message}`);
  const { path } = history.counted();
  const isWhole = path.length === events.length && path.every((event, at) => event.raw === events[at]);
  need(path.length > 0 && isWhole, "history: not one path from genesis");
  return history;
}
