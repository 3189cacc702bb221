// 02 identity: events, their tree, and the path through it that counts.

import { concat, hex, isAscending, same, sha256, utf8 } from "./bytes.mjs";
import { cidOf, decode, fieldBytes, isOurs } from "./dagcbor.mjs";
import { fromMultikey, verify } from "./keys.mjs";
import { EMPTY_ROOT, SAFE_MAX } from "./merkle.mjs";
import { parseDid } from "./names.mjs";
import { need, needBytes, needFields, needList, needNumber, needText, Refused } from "./refused.mjs";

const CONTEXT = utf8("frost-identity-event/v1\n");
const EVENT_BYTES_MAX = 4096;
export const PATH_EVENTS_MAX = 1000;
const KEYS_MAX = 32;

const COMMON = ["v", "kind", "n", "time", "keys", "next"];
const REQUIRED = { genesis: [], ordinary: ["prev", "end", "epoch"], recovery: ["prev", "end", "recovery"] };
const OPTIONAL = { genesis: ["recovery", "epoch"], ordinary: [], recovery: ["epoch"] };

// Reads a signed event; its signatures and its ancestors are for History.
export function parseEvent(raw) {
  const signed = needFields(decode(raw, { floats: false, bytesMax: EVENT_BYTES_MAX }), ["event", "sigs"], "signed event");
  const fields = signed.get("event");
  need(fields instanceof Map, "event: expected a map");
  const kind = fields.get("kind");
  need(typeof kind === "string" && Object.hasOwn(REQUIRED, kind), "event: kind");
  const optional = OPTIONAL[kind].filter((name) => fields.has(name));
  needFields(fields, [...COMMON, ...REQUIRED[kind], ...optional], `${kind} event`);
  need(fields.get("v") === 1, "event: v is 1");
  needNumber(fields.get("time"), 0, SAFE_MAX, "time of an event");
  const content = fieldBytes(raw).get("event");
  const event = {
    raw,
    content,
    sigs: signed.get("sigs"),
    kind,
    cid: cidOf(content).toString(),
    n: needNumber(fields.get("n"), kind === "genesis" ? 0 : 1, kind === "genesis" ? 0 : PATH_EVENTS_MAX - 1, "n"),
    prev: fields.has("prev") ? parsePrev(fields.get("prev")) : null,
    keys: parseKeys(fields.get("keys")),
    next: parseCommitment(fields.get("next")),
    recovery: fields.has("recovery") ? parseCommitment(fields.get("recovery")) : null,
    end: fields.has("end") ? parseEnd(fields.get("end")) : null,
    epoch: fields.has("epoch") ? parseEpoch(fields.get("epoch")) : null,
  };
  needList(event.sigs, event.keys.length, event.keys.length, "sigs");
  need(event.sigs.every((item) => item instanceof Uint8Array && item.length === 64), "sigs: of 64 bytes");
  return event;
}

function parsePrev(value) {
  need(isOurs(value), "prev: the CID of an event");
  return value.toString();
}

function parseKeys(value) {
  needList(value, 1, KEYS_MAX, "keys").forEach(fromMultikey);
  need(isAscending(value), "keys: ascending, none twice");
  return value;
}

function parseCommitment(value) {
  const fields = needFields(value, ["threshold", "hashes"], "commitment");
  const hashes = needList(fields.get("hashes"), 1, KEYS_MAX, "hashes");
  need(hashes.every((item) => item instanceof Uint8Array && item.length === 32), "hashes: of 32 bytes");
  need(isAscending(hashes), "hashes: ascending, none twice");
  return { hashes: hashes.map(hex), threshold: needNumber(fields.get("threshold"), 1, hashes.length, "threshold") };
}

function parseEnd(value) {
  const fields = needFields(value, ["size", "root"], "end");
  const size = needNumber(fields.get("size"), 0, SAFE_MAX, "size of an end");
  const root = needBytes(fields.get("root"), "root of an end");
  need(root.length === 32 && (size > 0 || same(root, EMPTY_ROOT)), "end: root");
  return { size, root };
}

function parseEpoch(value) {
  const fields = needFields(value, ["key", "node", "url"], "epoch");
  need(utf8(needText(fields.get("url"), "url")).length <= 255, "url: at most 255 bytes");
  fromMultikey(fields.get("node"));
  return { key: fromMultikey(fields.get("key")) };
}

function checkSignatures({ content, keys, sigs }) {
  const message = concat(CONTEXT, content);
  keys.forEach((key, at) => verify(fromMultikey(key), message, sigs[at]));
}

// The events of one publisher as one node met them. Witnesses are not known here, so of two events that come together
// for one place neither is followed.
export class History {
  constructor(did) {
    this.genesis = parseDid(did).toString();
    this.did = did;
    this.events = new Map();
    this.waiting = new Map();
    this.followed = new Map();
  }

  // Takes one delivery: of well-formed events those that are valid; answers the refusals.
  take(delivery) {
    const refused = [];
    for (const event of delivery.map(parseEvent)) {
      if (this.events.has(event.cid) || this.waiting.has(event.cid)) continue;
      attempt(refused, event.cid, () => {
        checkSignatures(event);
        this.waiting.set(event.cid, event);
      });
    }
    const places = new Map();
    for (const event of this.settle(refused)) {
      if (event.prev === null) continue;
      const place = this.place(event);
      places.set(place, [...(places.get(place) ?? []), event.cid]);
    }
    for (const [place, rivals] of places) {
      if (!this.followed.has(place)) this.followed.set(place, rivals.length === 1 ? rivals[0] : null);
    }
    return refused;
  }

  // Moves what has all its ancestors from `waiting` to `events`.
  settle(refused) {
    const added = [];
    const judged = new Set([null, ...this.events.keys()]);
    let ready = [];
    while ((ready = [...this.waiting.values()].filter((event) => judged.has(event.prev))).length > 0) {
      for (const event of ready) {
        judged.add(event.cid);
        this.waiting.delete(event.cid);
        attempt(refused, event.cid, () => {
          this.check(event);
          this.events.set(event.cid, event);
          added.push(event);
        });
      }
    }
    return added;
  }

  check(event) {
    if (event.prev === null) {
      need(event.cid === this.genesis, "genesis of another publisher");
      return;
    }
    const before = this.events.get(event.prev);
    need(before, "event: its predecessor is refused");
    need(event.n === before.n + 1, "event: n counts the ancestors");
    const committed = event.kind === "ordinary" ? before.next : this.base(before).recovery;
    need(committed, "recovery event: no recovery set was ever committed to");
    const known = event.keys.every((key) => committed.hashes.includes(hex(sha256(key))));
    need(known, "event: a key that nobody committed to");
    need(event.keys.length >= committed.threshold, "event: fewer keys than the threshold");
    need(before.epoch || event.end.size === 0, "end: of an epoch that was never opened");
  }

  // The nearest recovery event at or above an event, or genesis.
  base(event) {
    return event.kind === "ordinary" ? this.base(this.events.get(event.prev)) : event;
  }

  place(event) {
    return event.kind === "ordinary" ? `ordinary ${event.prev}` : `recovery ${this.base(this.events.get(event.prev)).cid}`;
  }

  ancestry(cid) {
    const path = [];
    for (let at = cid; at !== null; at = this.events.get(at).prev) path.unshift(this.events.get(at));
    return path;
  }

  get missing() {
    const asked = [...this.waiting.values()].map((event) => event.prev ?? this.genesis);
    return [...new Set(asked)].filter((cid) => !this.waiting.has(cid)).sort();
  }

  // The path that counts, and whether it stops at an undecided place.
  counted() {
    let at = this.genesis;
    if (!this.events.has(at)) return { path: [], forked: false };
    while (this.followed.get(`recovery ${at}`)) at = this.followed.get(`recovery ${at}`);
    if (this.followed.has(`recovery ${at}`)) return { path: this.shared(`recovery ${at}`), forked: true };
    while (this.followed.get(`ordinary ${at}`)) at = this.followed.get(`ordinary ${at}`);
    return { path: this.ancestry(at), forked: this.followed.has(`ordinary ${at}`) };
  }

  // Every place on the path where more than one event is known, with both.
  forks() {
    const { path } = this.counted();
    return this.contested(path).map(({ kind, event, rivals }) => ({
      kind,
      after: event.cid,
      followed: rivals.find((cid) => path.some((on) => on.cid === cid)) ?? null,
      others: rivals.filter((cid) => !path.some((on) => on.cid === cid)).sort(),
      settled: kind === "ordinary" && this.base(event) !== this.base(path.at(-1)),
    }));
  }

  contested(path) {
    const rivals = new Map();
    for (const event of this.events.values()) {
      if (event.prev === null) continue;
      const place = this.place(event);
      rivals.set(place, [...(rivals.get(place) ?? []), event.cid]);
    }
    const places = path.flatMap((event) => ["recovery", "ordinary"].map((kind) => ({ kind, event })));
    return places
      .map(({ kind, event }) => ({ kind, event, rivals: rivals.get(`${kind} ${event.cid}`) ?? [] }))
      .filter(({ rivals: found }) => found.length > 1);
  }

  // Takes what else was signed at places of the path: all of it valid, all of it needed, and nothing counts otherwise.
  takeRivals(delivery) {
    const { path } = this.counted();
    const known = new Set(this.events.keys());
    const counts = new Set(path.map((event) => event.cid));
    const refused = this.take(delivery);
    need(refused.length === 0, `rivals: ${refused[0]?.message}`);
    const after = this.counted().path;
    const isSame = after.length === path.length && after.every((event, at) => event === path[at]);
    need(isSame && this.events.size === known.size + delivery.length, "rivals: of nothing");
    const needed = new Set();
    const stoodOn = new Set();
    const contested = this.contested(path);
    for (const { kind, rivals } of contested) {
      for (const cid of rivals.filter((rival) => !counts.has(rival))) {
        for (const above of this.ancestry(cid).filter((event) => !counts.has(event.cid))) {
          needed.add(above.cid);
          if (kind === "recovery" && above.cid !== cid) stoodOn.add(above.cid);
        }
      }
    }
    const added = [...this.events.keys()].filter((cid) => !known.has(cid));
    need(added.length === needed.size && added.every((cid) => needed.has(cid)), "rivals: more than those of the path");
    for (const { kind, event, rivals } of contested) {
      const isUndecided = kind === "recovery" && this.followed.get(`recovery ${event.cid}`) === null;
      const isCarried = rivals.every((cid) => counts.has(cid) || stoodOn.has(cid));
      need(rivals.length <= 2 || isUndecided || isCarried, "rivals: more than two of one place");
    }
  }

  // What all rivals of a place have in common.
  shared(place) {
    const rivals = [...this.events.values()].filter((event) => event.kind === "recovery" && this.place(event) === place);
    const [first, ...others] = rivals.map((event) => this.ancestry(event.cid));
    return first.filter((event, at) => others.every((path) => path[at]?.cid === event.cid));
  }
}

function attempt(refused, cid, act) {
  try {
    act();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    refused.push({ cid, message: error.message });
  }
}

// The epochs of a path, by origin.
export function epochsOf(did, path) {
  return new Map(
    path.map((event, at) => {
      const origin = `${did}/log/${event.n}/${event.cid}`;
      return [origin, { origin, key: event.epoch?.key ?? null, end: path[at + 1]?.end ?? null }];
    }),
  );
}
