// Byte strings: hex, comparison, SHA-256.

import { createHash } from "node:crypto";

export const hex = (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex");

export const unhex = (text) => new Uint8Array(Buffer.from(text, "hex"));

export const utf8 = (text) => new TextEncoder().encode(text);

export const concat = (...parts) => new Uint8Array(Buffer.concat(parts));

export const same = (one, other) => Buffer.compare(one, other) === 0;

export const isAscending = (list) => list.every((item, at) => at === 0 || Buffer.compare(list[at - 1], item) < 0);

export const sha256 = (...parts) => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
};
