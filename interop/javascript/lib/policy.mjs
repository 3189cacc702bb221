// 06 proofs: policies. Names are octets, so lines are read as latin-1.

import { isUtf8 } from "node:buffer";
import { hex } from "./bytes.mjs";
import { parseVkey } from "./notes.mjs";
import { need, refuse } from "./refused.mjs";

const BYTES_MAX = 128 * 1024;
const LINES_MAX = 256;
const OTHER = /[^\t\n\x20-\x7e\x80-\xff]/;
const NUMBER = /^[1-9][0-9]{0,3}$/;

// Name and key (hex) of a verifier key of this type.
function keyOf(word, type) {
  const octets = Buffer.from(word, "latin1");
  need(isUtf8(octets), "policy: a key that is no text");
  const found = parseVkey(octets.toString("utf8"));
  need(found.type === type, "policy: a key of another type");
  return { name: found.name, key: hex(found.key) };
}

class Policy {
  logs = new Map();
  witnesses = new Map();
  groups = new Map();
  quorum = null;

  has(name) {
    return this.witnesses.has(name) || this.groups.has(name);
  }

  define(name) {
    need(name !== "none" && !this.has(name), "policy: a name twice");
    return name;
  }

  log(rest) {
    need(rest.length === 1 || rest.length === 2, "policy: log KEY URL");
    const { name, key } = keyOf(rest[0], 1);
    need(!this.logs.has(key), "policy: a log twice");
    this.logs.set(key, name);
  }

  witness(rest) {
    need(rest.length === 2 || rest.length === 3, "policy: witness NAME KEY URL");
    const { key } = keyOf(rest[1], 4);
    need(![...this.witnesses.values()].includes(key), "policy: a witness twice");
    this.witnesses.set(this.define(rest[0]), key);
  }

  group([name, k, ...members]) {
    need(members.length > 0 && new Set(members).size === members.length, "policy: members");
    need(members.every((member) => this.has(member)), "policy: a member that is not above");
    need(k === "any" || k === "all" || NUMBER.test(k), "policy: threshold");
    const threshold = k === "any" ? 1 : k === "all" ? members.length : Number(k);
    need(threshold <= members.length, "policy: threshold above the members");
    this.groups.set(this.define(name), { threshold, members });
  }

  line([word, ...rest]) {
    if (word === "log") return this.log(rest);
    if (word === "witness") return this.witness(rest);
    if (word === "group") return this.group(rest);
    if (word !== "quorum") return refuse("policy: line");
    need(rest.length === 1 && this.quorum === null, "policy: one quorum");
    need(rest[0] === "none" || this.has(rest[0]), "policy: quorum of nobody");
    this.quorum = rest[0];
  }

  isReached(reached) {
    for (const [name, { threshold, members }] of this.groups) {
      if (members.filter((member) => reached.has(member)).length >= threshold) reached.add(name);
    }
    return reached.has(this.quorum);
  }
}

export function parsePolicy(data) {
  need(data.length <= BYTES_MAX, "policy: too large");
  const text = Buffer.from(data).toString("latin1");
  need(text.endsWith("\n") && !OTHER.test(text), "policy: unfinished, or a control character");
  const lines = text.split("\n").map((line) => line.split(/[ \t]+/).filter((word) => word !== ""));
  const said = lines.filter((words) => words.length > 0 && !words[0].startsWith("#"));
  need(said.length <= LINES_MAX, "policy: too many lines");
  const policy = new Policy();
  for (const words of said) policy.line(words);
  need(policy.quorum !== null, "policy: no quorum");
  return policy;
}

// Whether a policy holds for a log (key in hex) that these keys have cosigned at these times, and since when.
export function judgePolicy(policy, origin, key, cosigned) {
  if (policy.logs.size > 0 && policy.logs.get(key) !== origin) return { holds: false, since: null };
  if (policy.quorum === "none") return { holds: true, since: null };
  for (const time of Object.values(cosigned).sort((one, other) => one - other)) {
    const reached = [...policy.witnesses].filter(([, witness]) => cosigned[witness] <= time).map(([name]) => name);
    if (policy.isReached(new Set(reached))) return { holds: true, since: time };
  }
  return { holds: false, since: null };
}
