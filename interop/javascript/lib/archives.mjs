// 12 archives: a publisher as one file, a CAR of parts and bodies.

import { concat, hex, same } from "./bytes.mjs";
import { cidOf, decode, encode, isOurs, Link, varint } from "./dagcbor.mjs";
import { FRAME_BYTES_MAX, FRAME_DEPTH_MAX, readFrame } from "./frames.mjs";
import { epochsOf } from "./identity.mjs";
import { SAFE_MAX, treeRoot } from "./merkle.mjs";
import { parseDid, parseOrigin } from "./names.mjs";
import { cosignatures, openCheckpoint } from "./notes.mjs";
import { readHeader } from "./records.mjs";
import { need, needBytes, needList, needNumber, needText } from "./refused.mjs";
import { Follower } from "./streams.mjs";
import { decodeBundle } from "./tiles.mjs";

const BLOCK_BYTES_MAX = FRAME_BYTES_MAX + 64;
const MANIFEST_BYTES_MAX = 512 * 1024;
const BODIES_BYTES_MAX = 1024 * 1024;
const CID_BYTES = 36;
const HEAD_BYTES = 59;

function headOf(root) {
  const head = encode(new Map([["roots", [root]], ["version", 1]]));
  return concat(Uint8Array.of(head.length), head);
}

// The length of the block at the beginning of some bytes and where it begins; null while that is not all there.
function lengthOf(data) {
  const end = data.subarray(0, 4).findIndex((byte) => byte < 128);
  need(end >= 0 || data.length < 4, "archive: the length of a block");
  if (end < 0) return null;
  const [length, begin] = varint(data, 0);
  need(CID_BYTES < length && length <= BLOCK_BYTES_MAX, "archive: the length of a block");
  return [begin, begin + Number(length)];
}

// The blocks of the chunks of a file, the root first, each with the bytes of its CID.
async function* blocksOf(chunks) {
  let data = new Uint8Array();
  let root = null;
  let isFirst = true;
  for await (const chunk of chunks) {
    data = concat(data, chunk);
    if (root === null && data.length >= HEAD_BYTES) {
      root = new Link(data.slice(14, 14 + CID_BYTES));
      need(isOurs(root) && same(data.subarray(0, HEAD_BYTES), headOf(root)), "archive: not a CAR with one root");
      data = data.subarray(HEAD_BYTES);
    }
    for (let place; root !== null && (place = lengthOf(data)) !== null && place[1] <= data.length; ) {
      const block = data.subarray(...place);
      const found = { cid: cidOf(block.subarray(CID_BYTES)), data: block.subarray(CID_BYTES) };
      need(same(found.cid.bytes, block.subarray(0, CID_BYTES)), "archive: a block of another hash");
      need(!isFirst || same(found.cid.bytes, root.bytes), "archive: the first block is not the root");
      isFirst = false;
      yield found;
      data = data.subarray(place[1]);
    }
  }
  need(root !== null && data.length === 0, "archive: cut off");
}

function parseManifest(data) {
  const fields = decode(data, { floats: false, bytesMax: MANIFEST_BYTES_MAX });
  need(fields instanceof Map && fields.get("format") === "frost-archive/1", "manifest: format");
  const did = needText(fields.get("did"), "did");
  parseDid(did);
  need(fields.get("tip") === null || fields.get("tip") instanceof Link, "manifest: tip");
  let last = -1;
  const logs = needList(fields.get("logs"), 0, Infinity, "logs").map((line) => {
    need(line instanceof Map, "log of a manifest");
    const origin = needText(line.get("origin"), "origin");
    const parts = parseOrigin(origin);
    need(parts.did === did && parts.epoch > last, "manifest: logs of one publisher, by epoch");
    last = parts.epoch;
    return { origin, size: needNumber(line.get("size"), 0, SAFE_MAX, "size of a log") };
  });
  return { did, logs };
}

// The parts, those of bodies with the blocks that they link.
async function* partsOf(blocks) {
  for (;;) {
    const { value: block, done } = await blocks.next();
    if (done) return;
    const item = decode(block.data, { floats: false, bytesMax: FRAME_BYTES_MAX, depthMax: FRAME_DEPTH_MAX });
    const [kind, fields] = needList(item, 2, 2, "part");
    if (kind !== "bodies" || !(fields instanceof Map)) {
      yield readFrame(item);
      continue;
    }
    const links = needList(fields.get("items"), 0, Infinity, "items");
    need(!links.some((link) => link instanceof Uint8Array), "bodies: a body that is no block");
    const isLink = (link) => link instanceof Link;
    const frame = readFrame([kind, new Map([...fields, ["items", links.map((link) => (isLink(link) ? null : link))]])]);
    let weight = 0;
    for (const [at, link] of links.entries()) {
      if (!isLink(link)) continue;
      const { value: body } = await blocks.next();
      need(body && same(body.cid.bytes, link.bytes), "archive: another block than the body that is linked");
      frame.items[at] = needBytes(body.data, "body");
      weight += body.data.length;
    }
    need(weight <= BODIES_BYTES_MAX || links.filter(isLink).length === 1, "bodies: too many bytes for one part");
    yield frame;
  }
}

// Which part may come next: events; of each log checkpoint, leaves with their bodies, evidence; the end.
class Order {
  constructor({ did, logs }) {
    Object.assign(this, { did, logs, at: -1, stop: 0, bodiesFrom: 0, seen: new Set() });
  }

  check(frame) {
    const { kind } = frame;
    need(kind !== "cursor" && !this.seen.has("end"), `archive: ${kind} may not come here`);
    if (!["events", "bodies", "end"].includes(kind)) this.goTo(frame.origin);
    this[kind](frame);
    this.seen.add(kind);
  }

  get log() {
    return this.logs[this.at];
  }

  // On to the log that comes next, past those of which there is nothing.
  goTo(origin) {
    if (this.log?.origin === origin) return;
    this.finish();
    need(this.seen.has("events"), "archive: a log before the identity");
    do this.at += 1;
    while (this.log && this.log.origin !== origin && this.log.size === 0);
    need(this.log?.origin === origin, "archive: not the next log");
    Object.assign(this, { stop: 0, bodiesFrom: 0, seen: new Set(["events"]) });
  }

  finish() {
    need(this.at < 0 || this.stop === this.log.size, "archive: leaves of a log are missing");
  }

  events({ did }) {
    need(did === this.did && this.at < 0, "archive: events of the publisher come first");
  }

  checkpoint() {
    const isFirst = this.stop === 0 && !this.seen.has("checkpoint") && !this.seen.has("evidence");
    need(isFirst, "archive: one checkpoint, before the leaves");
  }

  entries({ size, start, bundle }) {
    const stop = Math.min(this.log.size, this.stop + 256);
    const count = decodeBundle(bundle).length;
    const isNext = size === this.log.size && start === this.stop && count === stop - start;
    need(count > 0 && isNext, "archive: not the next bundle");
    Object.assign(this, { stop, bodiesFrom: start });
  }

  bodies({ origin, start, items }) {
    const stop = start + items.length;
    const isHere = this.log?.origin === origin && this.bodiesFrom <= start && start < stop && stop <= this.stop;
    need(isHere, "archive: bodies of no leaf");
    this.bodiesFrom = stop;
  }

  evidence() {
    this.finish();
    need(!this.seen.has("evidence"), "archive: the evidence of a log once");
  }

  end({ code }) {
    this.finish();
    need(code === "end.complete" && this.seen.has("events"), "archive: not all of it");
    need(this.logs.slice(this.at + 1).every(({ size }) => size === 0), "archive: a log is missing");
  }
}

// A follower that begins with nothing and is given a whole publisher: whatever is lacking is a fault.
class Reader extends Follower {
  constructor() {
    super();
    this.notes = new Map();
    this.counts = new Map();
  }

  events({ did, events }) {
    super.events({ did, events: [] });
    const history = this.histories.get(did);
    const refused = history.take(events);
    need(refused.length === 0, `events: ${refused[0]?.message}`);
    const isWhole = history.counted().path.length > 0 && history.waiting.size === 0;
    need(isWhole, "archive: an identity event without its ancestors");
  }

  checkpoint(frame) {
    super.checkpoint(frame);
    this.notes.set(frame.origin, frame.note);
  }

  // Of leaves that were not taken only a fork of the identity may be the reason.
  entries(frame) {
    super.entries(frame);
    const { origin, start } = frame;
    const taken = this.logs.get(origin)?.leaves.slice(start) ?? [];
    const { forked } = this.histories.get(parseOrigin(origin).did).counted();
    need(taken.length > 0 || forked, "archive: leaves of no epoch that counts");
    const headers = taken.filter((leaf) => leaf !== null).map(readHeader);
    this.count(origin, {
      headers_withheld: taken.length - headers.length,
      bodies_named: headers.filter((header) => header?.body).length,
    });
  }

  bodiesOf(frame) {
    super.bodiesOf(frame);
    const { origin, start, items } = frame;
    const { leaves } = this.log(origin);
    const isNamed = (item, at) => item instanceof Uint8Array && leaves[start + at] && readHeader(leaves[start + at]);
    if (leaves.length === 0) return;
    this.count(origin, { bodies: items.filter(isNamed).length, bodies_withheld: items.filter(Array.isArray).length });
  }

  count(origin, more) {
    const counts = this.counts.get(origin) ?? { headers_withheld: 0, bodies_named: 0, bodies: 0, bodies_withheld: 0 };
    for (const [name, number] of Object.entries(more)) counts[name] += number;
    this.counts.set(origin, counts);
  }

  // What there is of a log.
  proven({ origin, key, end }, witnesses) {
    const { hashes } = this.log(origin);
    const tree = { size: hashes.length, root: treeRoot(hashes) };
    const isThis = (head) => head !== null && head.size === tree.size && same(head.root, tree.root);
    const note = this.notes.get(origin);
    const isShown = note !== undefined && isThis(openCheckpoint(note, origin, key));
    this.count(origin, {});
    return {
      origin,
      size: tree.size,
      root: hex(tree.root),
      settled: isThis(end),
      disputed: this.disputed.has(origin),
      ...this.counts.get(origin),
      cosigned: isShown ? cosignatures(note, witnesses) : {},
    };
  }
}

// `chunks` of a file; `witnesses`: the keys of those that the reader knows, by name.
export async function verifyArchive(chunks, witnesses) {
  const blocks = blocksOf(chunks);
  const { value: first } = await blocks.next();
  need(first, "archive: cut off");
  const manifest = parseManifest(first.data);
  const order = new Order(manifest);
  const reader = new Reader();
  for await (const frame of partsOf(blocks)) {
    order.check(frame);
    reader.feed(frame);
  }
  need(order.seen.has("end"), "archive: cut off");
  const history = reader.histories.get(manifest.did);
  const { path, forked } = history.counted();
  const epochs = [...epochsOf(manifest.did, path).values()];
  const isShown = ({ origin }) => reader.log(origin).hashes.length > 0 || reader.disputed.has(origin);
  return {
    did: manifest.did,
    event: { n: path.at(-1).n, cid: path.at(-1).cid },
    forked,
    forks: history.forks(),
    logs: epochs.filter(isShown).map((epoch) => reader.proven(epoch, witnesses)),
  };
}
