// 05 sync: following a stream from nothing. No frame is believed: each is proven to a signed checkpoint or to the end
// of its epoch.

import { same } from "./bytes.mjs";
import { contradiction } from "./evidence.mjs";
import { epochsOf, History } from "./identity.mjs";
import { compactRange, leafHash, rootByRange, sameHashes, treeRoot, verifyConsistency } from "./merkle.mjs";
import { parseOrigin } from "./names.mjs";
import { openCheckpoint } from "./notes.mjs";
import { checkBody, HEADER_BYTES_MAX, readHeader } from "./records.mjs";
import { need } from "./refused.mjs";
import { decodeBundle } from "./tiles.mjs";

const bundleOf = (index) => Math.floor(index / 256);

export class Follower {
  constructor() {
    this.histories = new Map();
    this.targets = new Map();
    this.logs = new Map();
    this.bodies = new Set();
    this.disputed = new Set();
    this.finished = false;
  }

  feed(frame) {
    if (frame.kind === "bodies") this.bodiesOf(frame);
    else this[frame.kind](frame);
  }

  events({ did, events }) {
    if (!this.histories.has(did)) this.histories.set(did, new History(did));
    const history = this.histories.get(did);
    const known = history.events.size;
    const refused = history.take(events);
    need(refused.length === 0 || history.events.size > known, `events: ${refused[0]?.message}`);
  }

  // The epoch of an origin; undefined when it does not count here.
  epoch(origin) {
    const { did } = parseOrigin(origin);
    const path = this.histories.get(did)?.counted().path ?? [];
    need(path.length > 0, "a log before the identity of its publisher");
    return epochsOf(did, path).get(origin);
  }

  // Whether it is the last epoch that two histories share, of which neither is followed: it takes nothing more.
  isUndecided({ origin, end }) {
    return end === null && this.histories.get(parseOrigin(origin).did).counted().forked;
  }

  log(origin) {
    if (!this.logs.has(origin)) this.logs.set(origin, { leaves: [], hashes: [] });
    return this.logs.get(origin);
  }

  checkpoint({ origin, note, old, proof }) {
    const epoch = this.epoch(origin);
    if (!epoch) return;
    need(epoch.key, "checkpoint: of an epoch that was never opened");
    const head = openCheckpoint(note, origin, epoch.key);
    this.targets.set(origin, epoch.end ?? head);
    if (epoch.end || this.disputed.has(origin)) return;
    const { hashes } = this.log(origin);
    if (old > 0 && old === hashes.length && old < head.size) {
      verifyConsistency(old, treeRoot(hashes), head.size, head.root, proof);
    }
    const rival = head.size <= hashes.length && !same(head.root, treeRoot(hashes.slice(0, head.size)));
    need(!rival, "checkpoint: another tree than the one held");
  }

  entries(frame) {
    const { origin, start, size, proof } = frame;
    const epoch = this.epoch(origin);
    if (!epoch || (epoch.end && size !== epoch.end.size)) return;
    const target = epoch.end ?? this.targets.get(origin);
    // The sender follows one of the histories, and shows the tree that it ends the epoch with.
    if (this.isUndecided(epoch) && target?.size !== size) return;
    need(target?.size === size, "entries: no checkpoint of this size came before");
    const { leaves, hashes } = readLeaves(frame);
    const { left, root } = rootByRange(hashes, start, size, proof);
    need(same(root, target.root), "entries: another root");
    if (!epoch.end && this.disputed.has(origin)) return;
    const held = this.log(origin);
    if (held.hashes.length < start) return;
    const shared = sharedWith(held.hashes, start, left, hashes);
    if (shared < Math.min(held.hashes.length, start + hashes.length)) {
      need(epoch.end, "entries: a fork");
      held.leaves.length = shared;
      held.hashes.length = shared;
    }
    const known = held.hashes.length - start;
    if (known < 0 || known >= hashes.length || this.isUndecided(epoch)) return;
    held.leaves.push(...leaves.slice(known));
    held.hashes.push(...hashes.slice(known));
  }

  // What proves that the key of an open epoch has signed two trees: nothing more is taken of it.
  evidence(frame) {
    const epoch = this.epoch(frame.origin);
    if (!epoch || epoch.end) return;
    need(epoch.key, "evidence: of an epoch that was never opened");
    contradiction(frame, epoch.key);
    this.disputed.add(frame.origin);
  }

  // The logs of which nothing more is taken.
  frozen() {
    return [...this.disputed].filter((origin) => this.epoch(origin) && !this.epoch(origin).end).sort();
  }

  bodiesOf({ origin, start, items }) {
    if (!this.epoch(origin)) return;
    need(bundleOf(start) === bundleOf(Math.max(start, start + items.length - 1)), "bodies: of more than one bundle");
    const { leaves } = this.log(origin);
    if (start + items.length > leaves.length) return;
    items.forEach((item, at) => {
      if (!(item instanceof Uint8Array)) return;
      const leaf = leaves[start + at];
      const header = leaf === null ? null : readHeader(leaf);
      if (header === null) return; // nothing says which body it names
      checkBody(header, item);
      this.bodies.add(header.body.toString());
    });
  }

  cursor() {}

  end({ code }) {
    this.finished = code === "end.complete";
  }
}

// How many of the leaves held are surely those that a run of leaves from `start` on shows, and what stands left of it.
function sharedWith(held, start, left, hashes) {
  const ours = compactRange(held.slice(0, start));
  const differing = left.findIndex((hash, at) => !same(hash, ours[at]));
  if (differing >= 0) return subtreeSizes(start).slice(0, differing).reduce((sum, size) => sum + size, 0);
  const at = hashes.findIndex((hash, offset) => start + offset < held.length && !same(hash, held[start + offset]));
  return at < 0 ? Math.min(held.length, start + hashes.length) : start + at;
}

// How many leaves each subtree of a compact range has, left to right.
function subtreeSizes(size) {
  if (size === 0) return [];
  let largest = 1;
  while (largest * 2 <= size) largest *= 2;
  return [largest, ...subtreeSizes(size - largest)];
}

// The leaves of an entries frame, null where withheld, and all their hashes.
function readLeaves({ bundle, start, size, withheld }) {
  const leaves = decodeBundle(bundle);
  const stop = start + leaves.length;
  need(leaves.length > 0 && bundleOf(start) === bundleOf(stop - 1) && stop <= size, "entries: one bundle");
  need(leaves.every((leaf) => leaf.length <= HEADER_BYTES_MAX), "entries: a leaf above 512 bytes");
  const hashes = leaves.map(leafHash);
  for (const [offset, hash] of withheld) {
    need(leaves[offset]?.length === 0, "withheld: a slot that is not empty");
    leaves[offset] = null;
    hashes[offset] = hash;
  }
  return { leaves, hashes };
}
