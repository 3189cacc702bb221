// 04 log: the tree of RFC 6962, by recursion as it is written there. Sizes reach 2^53 - 1, so no bit operations.

import { concat, same, sha256 } from "./bytes.mjs";
import { need } from "./refused.mjs";

export const SAFE_MAX = Number.MAX_SAFE_INTEGER;
export const EMPTY_ROOT = sha256();

export const leafHash = (leaf) => sha256(Uint8Array.of(0), leaf);
export const nodeHash = (left, right) => sha256(Uint8Array.of(1), left, right);

// The largest power of two below a size of 2 or more.
function split(size) {
  let k = 1;
  while (k * 2 < size) k *= 2;
  return k;
}

export function treeRoot(hashes) {
  if (hashes.length === 0) return EMPTY_ROOT;
  if (hashes.length === 1) return hashes[0];
  const k = split(hashes.length);
  return nodeHash(treeRoot(hashes.slice(0, k)), treeRoot(hashes.slice(k)));
}

export function checkHashes(hashes) {
  need(Array.isArray(hashes), "hashes: expected a list");
  need(hashes.every((item) => item instanceof Uint8Array && item.length === 32), "hashes: of 32 bytes");
  return hashes;
}

export function rootByInclusion(leaf, index, size, path) {
  need(Number.isSafeInteger(size) && 0 <= index && index < size, "inclusion: index out of range");
  need(leaf.length === 32, "inclusion: a leaf hash of 32 bytes");
  if (size === 1) {
    need(path.length === 0, "inclusion: too many hashes");
    return leaf;
  }
  need(path.length > 0, "inclusion: too few hashes");
  const k = split(size);
  const [inner, sibling] = [path.slice(0, -1), path.at(-1)];
  if (index < k) return nodeHash(rootByInclusion(leaf, index, k, inner), sibling);
  return nodeHash(sibling, rootByInclusion(leaf, index - k, size - k, inner));
}

export function verifyConsistency(old, oldRoot, size, root, proof) {
  need(0 <= old && old <= size && size <= SAFE_MAX, "consistency: sizes out of order");
  const rest = [...proof];
  const [small, large] = old === 0 ? [EMPTY_ROOT, size === 0 ? EMPTY_ROOT : root] : subproof(old, size, oldRoot, rest, true);
  need(rest.length === 0, "consistency: too many hashes");
  need(same(small, oldRoot) && same(large, root), "consistency: another root");
}

// SUBPROOF, read from its end.
function subproof(old, size, oldRoot, rest, whole) {
  if (old === size && whole) return [oldRoot, oldRoot];
  need(rest.length > 0, "consistency: too few hashes");
  const outside = rest.pop();
  if (old === size) return [outside, outside];
  const k = split(size);
  if (old <= k) {
    const [small, large] = subproof(old, k, oldRoot, rest, whole);
    return [small, nodeHash(large, outside)];
  }
  const [small, large] = subproof(old - k, size - k, oldRoot, rest, false);
  return [nodeHash(outside, small), nodeHash(outside, large)];
}

const isPowerOfTwo = (number) => number === 1 || split(number) * 2 === number;

// The compact range left of a run of leaves, and the root of the tree of `size` that holds the run.
export function rootByRange(leaves, start, size, proof) {
  const stop = start + leaves.length;
  need(0 <= start && stop <= size && size <= SAFE_MAX, "range: out of range");
  const rest = [...proof];
  const left = [];
  const take = () => {
    need(rest.length > 0, "range: too few hashes");
    return rest.shift();
  };
  const walk = (low, high) => {
    if (high <= start && isPowerOfTwo(high - low)) {
      left.push(take());
      return left.at(-1);
    }
    if (stop <= low) return take();
    if (high - low === 1) return leaves[low - start];
    const middle = low + split(high - low);
    const before = walk(low, middle);
    return nodeHash(before, walk(middle, high));
  };
  const root = size === 0 ? EMPTY_ROOT : walk(0, size);
  need(rest.length === 0, "range: too many hashes");
  return { left, root };
}

// The roots of the largest perfect subtrees over the leaves, left to right.
export function compactRange(hashes) {
  if (hashes.length === 0) return [];
  const k = split(hashes.length + 1);
  return [treeRoot(hashes.slice(0, k)), ...compactRange(hashes.slice(k))];
}

// The root of a compact range.
export const joinRange = (hashes) =>
  hashes.length === 0 ? EMPTY_ROOT : hashes.slice(0, -1).reduceRight((root, left) => nodeHash(left, root), hashes.at(-1));

export const sameHashes = (one, other) => one.length === other.length && same(concat(...one), concat(...other));
