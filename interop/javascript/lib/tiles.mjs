// 04 log: tiles and entry bundles.

import { need } from "./refused.mjs";
import { SAFE_MAX } from "./merkle.mjs";

const PATH = /^tile\/(entries|[0-9]{1,2})\/((?:x[0-9]{3}\/)*[0-9]{3})(?:\.p\/([0-9]{1,3}))?$/;

// Level null is that of entry bundles.
export function tilePath(level, n, width = 256) {
  const digits = String(n).padStart(Math.ceil(String(n).length / 3) * 3, "0");
  const name = digits.replace(/[0-9]{3}(?=[0-9])/g, "x$&/");
  return `tile/${level ?? "entries"}/${name}${width === 256 ? "" : `.p/${width}`}`;
}

export function parseTilePath(text) {
  const found = PATH.exec(text);
  need(found && text.length <= 60, "tile path");
  const level = found[1] === "entries" ? null : Number(found[1]);
  const n = Number(found[2].replace(/[x/]/g, ""));
  const width = found[3] === undefined ? 256 : Number(found[3]);
  need((level ?? 0) <= 63 && 1 <= width && width <= 256, "tile path");
  need((BigInt(n) * 256n + BigInt(width)) * 256n ** BigInt(level ?? 0) <= BigInt(SAFE_MAX), "tile beyond any tree");
  need(tilePath(level, n, width) === text, "tile path: spelling");
  return { level, n, width };
}

// All bundles and tiles of a tree.
export function tilesOf(size) {
  const found = [];
  for (const level of [null, 0, 1, 2, 3, 4, 5, 6]) {
    const count = Math.floor(size / 256 ** (level ?? 0));
    for (let n = 0; n * 256 < count; n++) found.push({ level, n, width: Math.min(256, count - 256 * n) });
  }
  return found;
}

export function decodeBundle(data) {
  const leaves = [];
  let at = 0;
  while (at < data.length) {
    need(at + 2 <= data.length, "bundle: ends inside a length");
    const end = at + 2 + data[at] * 256 + data[at + 1];
    need(end <= data.length, "bundle: ends inside a leaf");
    leaves.push(data.subarray(at + 2, end));
    at = end;
  }
  need(leaves.length <= 256, "bundle: more than 256 leaves");
  return leaves;
}
