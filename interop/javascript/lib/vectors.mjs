// The test vectors: <area>/{valid,invalid}/<rule or attack>.json.

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { verifyArchive } from "./archives.mjs";
import { concat, hex, same, unhex, utf8 } from "./bytes.mjs";
import { cidOf, decode, encode } from "./dagcbor.mjs";
import { verifyEvidence } from "./evidence.mjs";
import { parseFrames } from "./frames.mjs";
import { epochsOf, History, parseEvent } from "./identity.mjs";
import { parseJsonForm } from "./json-form.mjs";
import { deriveSeed, fromMultibase, fromMultikey, signWithSeed, toMultibase, verify } from "./keys.mjs";
import { checkHashes, leafHash, rootByInclusion, rootByRange, treeRoot, verifyConsistency } from "./merkle.mjs";
import { checkKey, checkType, parseCid, parseDid, parseDidUrl, parseOrigin } from "./names.mjs";
import { cosignatures, openCheckpoint, parseNote, parseVkey } from "./notes.mjs";
import { judgePolicy, parsePolicy } from "./policy.mjs";
import { verifyProof } from "./proofs.mjs";
import { checkBody, decodeBody, isSameContent, parseHeader } from "./records.mjs";
import { need, Refused } from "./refused.mjs";
import { parseBytes, parseSignatureInput, signatureBase, verifyRequest } from "./requests.mjs";
import { Follower } from "./streams.mjs";
import { decodeBundle, parseTilePath, tilePath, tilesOf } from "./tiles.mjs";
import { judgeRequest } from "./witness.mjs";

// Bytes of a vector: hex, or a list of [hex, times].
function octets(form) {
  if (typeof form === "string") return unhex(form);
  return concat(...form.map(([part, times]) => unhex(part.repeat(times))));
}

const keysOf = (witnesses) => Object.fromEntries(Object.entries(witnesses).map(([name, key]) => [name, octets(key)]));

const noteBytes = (given) => (given.note === undefined ? octets(given.bytes) : utf8(given.note));

// JavaScript cannot write 1.0 as it was; but the JSON form that is expected must stand for the same bytes.
function jsonIs(expected, bytes) {
  return expected !== undefined && same(encode(parseJsonForm(expected)), bytes) ? expected : null;
}

const AREAS = {
  archives: (given) => verifyArchive([octets(given.file)], keysOf(given.witnesses)),

  encoding(given, expected) {
    if (given.what === "dag-json") return { bytes: hex(encode(parseJsonForm(given.text))) };
    const data = octets(given.bytes);
    decode(data, { floats: given.floats ?? true });
    return { json: jsonIs(expected?.json, data) };
  },

  names({ what, text }) {
    if (what === "did") return { genesis: parseDid(text).toString() };
    if (what === "cid") return { digest: hex(parseCid(text).bytes.subarray(4)) };
    if (what === "type") checkType(text);
    if (what === "key") checkKey(text);
    if (what === "type" || what === "key") return {};
    if (what === "did-url") {
      const url = parseDidUrl(text);
      return { ...url, cid: url.cid?.toString() ?? null };
    }
    const origin = parseOrigin(text);
    return { ...origin, event: origin.event.toString() };
  },

  signatures(given) {
    if (given.what === "signature") {
      verify(octets(given.key), octets(given.message), octets(given.signature));
      return {};
    }
    if (given.what === "seed") {
      const signed = signWithSeed(octets(given.seed), octets(given.message));
      return { public: hex(signed.public), signature: hex(signed.signature) };
    }
    if (given.what === "derive") return { seed: hex(deriveSeed(octets(given.secret), given.label)) };
    const key = given.what === "multibase" ? fromMultibase(given.text) : fromMultikey(octets(given.bytes));
    return { key: hex(key), text: toMultibase(key) };
  },

  identity(given) {
    const history = new History(given.did);
    if (given.what === "event") {
      for (const raw of given.ancestors) need(history.take([octets(raw)]).length === 0, "an ancestor is refused");
      const refused = history.take([octets(given.event)]);
      need(refused.length === 0, refused[0]?.message);
      const event = parseEvent(octets(given.event));
      need(history.events.has(event.cid), "the event waits for its predecessor");
      return { cid: event.cid, n: event.n, kind: event.kind };
    }
    const refused = given.deliveries.flatMap((delivery) => history.take(delivery.map(octets)));
    const { path, forked } = history.counted();
    const epochs = [...epochsOf(given.did, path).values()].map(({ origin, end }) => ({
      origin,
      end: end && { size: end.size, root: hex(end.root) },
    }));
    return {
      path: path.map((event) => event.cid),
      forked,
      missing: history.missing,
      refused: refused.map(({ cid }) => cid).sort(),
      epochs,
      forks: history.forks(),
    };
  },

  headers(given) {
    const data = octets(given.bytes);
    const { op, type, key, time, body, size } = parseHeader(data);
    const named = { body: body?.toString() ?? null, size: size ?? null };
    return { op, type, key, time, ...named, cid: cidOf(data).toString(), leaf_hash: hex(leafHash(data)) };
  },

  bodies(given, expected) {
    if (given.what === "same-content") {
      return { same: isSameContent(octets(given.one), octets(given.other)) };
    }
    const body = octets(given.body);
    if (given.what === "check") {
      checkBody(parseHeader(octets(given.header)), body);
      return { cid: cidOf(body).toString() };
    }
    decodeBody(body);
    const salted = (text) => encode(parseJsonForm(text).set("salt", decode(body).get("salt")));
    const json = expected && same(salted(expected.json), body) ? expected.json : null;
    return { json, cid: cidOf(body).toString() };
  },

  merkle(given) {
    const { what } = given;
    const proof = checkHashes((given.proof ?? []).map(octets));
    if (what === "root") return { root: hex(treeRoot(given.leaves.map((leaf) => leafHash(octets(leaf))))) };
    if (what === "consistency") {
      verifyConsistency(given.old, octets(given.old_root), given.new, octets(given.new_root), proof);
      return {};
    }
    if (what === "inclusion") {
      const root = rootByInclusion(octets(given.leaf_hash), given.index, given.size, proof);
      need(same(root, octets(given.root)), "another root");
      return {};
    }
    const { left, root } = rootByRange(checkHashes(given.leaf_hashes.map(octets)), given.start, given.size, proof);
    need(same(root, octets(given.root)), "another root");
    return { left: left.map(hex) };
  },

  notes(given) {
    if (given.what === "vkey") {
      const { name, type, key } = parseVkey(given.text);
      return { name, type, key: hex(key) };
    }
    const { text, signatures } = parseNote(noteBytes(given));
    const lines = signatures.map((line) => ({ name: line.name, key_id: hex(line.keyId), payload: hex(line.payload) }));
    return { text, signatures: lines };
  },

  checkpoints(given) {
    const { size, root } = openCheckpoint(noteBytes(given), given.origin, octets(given.key));
    return { size, root: hex(root) };
  },

  cosignatures(given) {
    return { times: cosignatures(noteBytes(given), keysOf(given.witnesses)) };
  },

  witness({ request, key, last }) {
    const { size, root } = judgeRequest(utf8(request), octets(key), { size: last.size, root: octets(last.root) });
    return { size, root: hex(root) };
  },

  policies(given) {
    const data = given.policy === undefined ? octets(given.bytes) : utf8(given.policy);
    return judgePolicy(parsePolicy(data), given.origin, given.key, given.cosigned);
  },

  tiles(given) {
    if (given.what === "path") return parseTilePath(given.text);
    if (given.what === "paths") {
      return { paths: tilesOf(given.size).map(({ level, n, width }) => tilePath(level, n, width)) };
    }
    return { leaves: decodeBundle(octets(given.bytes)).map(hex) };
  },

  frames(given) {
    const { frames, complete } = parseFrames(octets(given.bytes));
    return { frames: frames.map(hexed), complete };
  },

  streams(given) {
    const { frames, complete } = parseFrames(octets(given.bytes));
    const follower = new Follower();
    for (const frame of frames) follower.feed(frame);
    const logs = [...follower.logs].filter(([, { hashes }]) => hashes.length > 0);
    return {
      frozen: follower.frozen(),
      logs: Object.fromEntries(
        logs.map(([origin, { hashes }]) => [origin, { held: hashes.length, root: hex(treeRoot(hashes)) }]),
      ),
      bodies: [...follower.bodies].sort(),
      complete: complete && follower.finished,
    };
  },

  evidence: (given) => verifyEvidence(octets(given.file)),
  requests(given) {
    if (given.what !== "base") return verifyRequest(given, given.body === null ? null : octets(given.body));
    const input = parseSignatureInput(given.signature_input);
    const base = signatureBase(input, given.values);
    verify(octets(given.key), utf8(base), parseBytes(given.signature, input.label));
    return { base };
  },

  proofs: (given) => verifyProof(octets(given.file), keysOf(given.witnesses)),
};

// Bytes as hex, all through.
function hexed(value) {
  if (value instanceof Uint8Array) return hex(value);
  if (Array.isArray(value)) return value.map(hexed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, hexed(item)]));
}

// What is wrong with this implementation according to one vector; null when nothing is.
async function checkVector(area, validity, path) {
  const vector = JSON.parse(await readFile(path, "utf8"));
  let found;
  try {
    found = await AREAS[area](vector.input, vector.expect);
  } catch (error) {
    if (!(error instanceof Refused)) return `broke: ${error.stack}`;
    return validity === "valid" ? `refused: ${error.message}` : null;
  }
  if (validity === "invalid") return `accepted, expected ${vector.error}`;
  const wrong = Object.keys(vector.expect).filter((name) => !isDeepStrictEqual(found[name], vector.expect[name]));
  return wrong.length > 0 ? `another ${wrong.join(", ")}` : null;
}

export async function verifyVectors(directory) {
  const failures = {};
  let vectors = 0;
  for (const area of (await readdir(directory)).sort()) {
    for (const validity of ["valid", "invalid"]) {
      const folder = join(directory, area, validity);
      for (const name of (await readdir(folder).catch(() => [])).sort()) {
        const wrong = await checkVector(area, validity, join(folder, name));
        if (wrong !== null) failures[`${area}/${validity}/${name}`] = wrong;
        vectors += 1;
      }
    }
  }
  need(vectors > 0, "no vectors found");
  need(Object.keys(failures).length === 0, JSON.stringify(failures, null, 1));
  return { vectors };
}
