// A whole log of a static export or a live node: the whole tree is computed again.

import { join } from "node:path";
import { concat, hex, same } from "./bytes.mjs";
import { BODY_BYTES_MAX } from "./dagcbor.mjs";
import { readFile } from "./files.mjs";
import { byteStrings } from "./frames.mjs";
import { epochsOf, History } from "./identity.mjs";
import { leafHash, treeRoot } from "./merkle.mjs";
import { parseOrigin } from "./names.mjs";
import { NOTE_BYTES_MAX, openCheckpoint } from "./notes.mjs";
import { checkBody, readHeader } from "./records.mjs";
import { need, Refused } from "./refused.mjs";
import { decodeBundle, tilePath, tilesOf } from "./tiles.mjs";

class Source {
  constructor(base) {
    this.base = base.replace(/\/$/, "");
    this.isRemote = /^https?:\/\//.test(base);
  }

  // The bytes of a resource; null when it is not there or withheld.
  async read(path, bytesMax) {
    const data = this.isRemote ? await this.fetch(`${this.base}/frost/${path}`, bytesMax) : await this.file(path, bytesMax);
    need(data === null || data.length <= bytesMax, `${path}: more than ${bytesMax} bytes`);
    return data;
  }

  async file(path, bytesMax) {
    try {
      return await readFile(join(this.base, "frost", path), bytesMax);
    } catch (error) {
      if (error.code === "ENOENT") return null;
      throw new Refused(error.message);
    }
  }

  async fetch(url, bytesMax) {
    try {
      const answer = await fetch(url, { signal: AbortSignal.timeout(30_000), redirect: "error" });
      need(answer.ok || [404, 410, 451].includes(answer.status), `${url}: status ${answer.status}`);
      if (!answer.ok) {
        await answer.body?.cancel();
        return null;
      }
      const chunks = [];
      let length = 0;
      for await (const chunk of answer.body) {
        length += chunk.length;
        need(length <= bytesMax, `${url}: more than ${bytesMax} bytes`);
        chunks.push(chunk);
      }
      return concat(...chunks);
    } catch (error) {
      throw error instanceof Refused ? error : new Refused(`${url}: ${error.message}`);
    }
  }

  async need(path, bytesMax) {
    const data = await this.read(path, bytesMax);
    need(data !== null, `${path}: not there`);
    return data;
  }

  // A tile or bundle; where a partial one is gone, the full one in its stead.
  async tile(origin, { level, n, width }) {
    const bytesMax = level === null ? 256 * 514 : 256 * 32;
    const data = await this.read(`${origin}/${tilePath(level, n, width)}`, bytesMax);
    if (data !== null || width === 256) return data ?? this.need(`${origin}/${tilePath(level, n)}`, bytesMax);
    const full = await this.need(`${origin}/${tilePath(level, n)}`, bytesMax);
    return level === null ? full : full.subarray(0, width * 32);
  }
}

export async function verifyLog(base, origin) {
  const source = new Source(base);
  const { did } = parseOrigin(origin);
  const history = new History(did);
  const refused = history.take(byteStrings(await source.need(`${did}/identity`, 64 * 1024 * 1024)));
  need(refused.length === 0, `identity: ${refused[0]?.message}`);
  need(history.missing.length === 0, "identity: ancestors are missing");
  const { path, forked } = history.counted();
  const epoch = epochsOf(did, path).get(origin);
  need(epoch, "no identity event that counts opened this epoch");
  need(epoch.key, "the epoch was opened without a log key");
  const note = await source.read(`${origin}/checkpoint`, NOTE_BYTES_MAX);
  need(note !== null || epoch.end, "checkpoint: not there, and the epoch is open");
  const { size, root } = note === null ? epoch.end : openCheckpoint(note, origin, epoch.key);
  const { leaves, hashes } = await readTree(source, origin, size);
  need(same(treeRoot(hashes), root), `tree of ${size}: another root than the signed one`);
  if (epoch.end && epoch.end.size <= size) {
    need(same(treeRoot(hashes.slice(0, epoch.end.size)), epoch.end.root), "the end of the epoch is of another tree");
  }
  const tip = path.at(-1);
  return {
    did,
    origin,
    size,
    root: hex(root),
    event: { n: tip.n, cid: tip.cid },
    forked,
    ended_at: epoch.end?.size ?? null,
    counted: Math.min(size, epoch.end?.size ?? size),
    ...(await countBodies(source, leaves)),
  };
}

// All leaves (null where withheld) and their hashes, each tile of each level computed again.
async function readTree(source, origin, size) {
  const leaves = [];
  const levels = [];
  for (const tile of tilesOf(size)) {
    const data = await source.tile(origin, tile);
    if (tile.level === null) {
      const run = decodeBundle(data).slice(0, tile.width);
      need(run.length === tile.width, `bundle ${tile.n}: ${run.length} leaves, expected ${tile.width}`);
      leaves.push(...run);
      continue;
    }
    if (tile.n === 0) {
      levels.push(tile.level === 0 ? await levelZero(source, origin, leaves) : nextLevel(levels.at(-1)));
    }
    const found = levels.at(-1).slice(256 * tile.n, 256 * tile.n + tile.width);
    need(same(data, concat(...found)), `tile ${tile.n} of level ${tile.level}: not the hashes of what is under it`);
  }
  return { leaves, hashes: levels[0] ?? [] };
}

// The leaf hashes; of a withheld leaf the tile has it, and the root proves the tile.
async function levelZero(source, origin, leaves) {
  const hashes = leaves.map(leafHash);
  for (const [index, leaf] of leaves.entries()) {
    if (leaf.length > 0) continue;
    const n = Math.floor(index / 256);
    const at = index % 256;
    const tile = await source.tile(origin, { level: 0, n, width: Math.min(256, leaves.length - 256 * n) });
    const told = tile.subarray(32 * at, 32 * at + 32);
    if (same(told, hashes[index])) continue;
    leaves[index] = null;
    hashes[index] = told;
  }
  return hashes;
}

function nextLevel(hashes) {
  const above = [];
  for (let at = 0; at + 256 <= hashes.length; at += 256) above.push(treeRoot(hashes.slice(at, at + 256)));
  return above;
}

// Checks every body that is there; tells how many are, and what could not be read.
async function countBodies(source, leaves) {
  const counts = { entries: 0, withheld_leaves: 0, opaque_leaves: 0, bodies: 0, absent_bodies: 0 };
  for (const leaf of leaves) {
    const header = leaf === null ? null : readHeader(leaf);
    if (header === null) {
      counts[leaf === null ? "withheld_leaves" : "opaque_leaves"] += 1;
      continue;
    }
    counts.entries += 1;
    if (header.body === undefined) continue;
    const data = await source.read(`body/${header.body}`, BODY_BYTES_MAX);
    counts[data === null ? "absent_bodies" : "bodies"] += 1;
    if (data !== null) checkBody(header, data);
  }
  return counts;
}
