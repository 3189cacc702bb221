// 04 log: signed notes, checkpoints, cosignatures.

import { isUtf8 } from "node:buffer";
import { base64 } from "./base64.mjs";
import { concat, hex, same, sha256, utf8 } from "./bytes.mjs";
import { checkPublicKey, verify } from "./keys.mjs";
import { EMPTY_ROOT, SAFE_MAX } from "./merkle.mjs";
import { need } from "./refused.mjs";

export const NOTE_BYTES_MAX = 16 * 1024;
const NOT_IN_NAMES = /[\u0000-\u0020+\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;
const CONTROL = /[\u0000-\u0009\u000b-\u001f]/;
const SIZE = /^(0|[1-9][0-9]{0,15})$/;

function checkKeyName(name) {
  need(name.length > 0 && !NOT_IN_NAMES.test(name), "key name");
  return name;
}

export function parseNote(data) {
  need(data.length <= NOTE_BYTES_MAX, "note: too large");
  need(isUtf8(data), "note: not UTF-8");
  const whole = new TextDecoder("utf-8", { ignoreBOM: true }).decode(data);
  need(!CONTROL.test(whole), "note: control character");
  const blank = whole.lastIndexOf("\n\n");
  need(blank >= 0 && whole.endsWith("\n"), "note: no blank line or an unfinished line");
  const rows = whole.slice(blank + 2).split("\n").slice(0, -1);
  need(1 <= rows.length && rows.length <= 32, "note: 1 to 32 signatures");
  return { text: whole.slice(0, blank + 1), signatures: rows.map(parseSignature) };
}

function parseSignature(row) {
  need(row.startsWith("\u2014 "), "signature line: a dash and a space");
  const space = row.indexOf(" ", 2);
  need(space > 0, "signature line: name and signature");
  const data = base64(row.slice(space + 1));
  need(data.length > 4, "signature line: too short");
  return { name: checkKeyName(row.slice(2, space)), keyId: data.subarray(0, 4), payload: data.subarray(4) };
}

const keyId = (name, type, key) => sha256(utf8(`${name}\n`), Uint8Array.of(type), key).subarray(0, 4);

export function parseVkey(text) {
  const first = text.indexOf("+");
  const second = text.indexOf("+", first + 1);
  need(first > 0 && second > 0, "verifier key: name+hex+base64");
  const name = checkKeyName(text.slice(0, first));
  const data = base64(text.slice(second + 1));
  need(data.length === 33 && (data[0] === 1 || data[0] === 4), "verifier key: Ed25519");
  const key = data.subarray(1);
  need(hex(keyId(name, data[0], key)) === text.slice(first + 1, second), "verifier key: another key id");
  return { name, type: data[0], key: checkPublicKey(key) };
}

export function parseCheckpoint(text) {
  const lines = text.split("\n");
  need(lines.length === 4 && lines[3] === "", "checkpoint: three lines");
  need(utf8(checkKeyName(lines[0])).length <= 255, "checkpoint: an origin of at most 255 bytes");
  const size = Number(lines[1]);
  need(SIZE.test(lines[1]) && size <= SAFE_MAX, "checkpoint: size");
  const root = base64(lines[2]);
  need(root.length === 32, "checkpoint: a root of 32 bytes");
  need(size > 0 || same(root, EMPTY_ROOT), "checkpoint: the root of no entries");
  return { origin: lines[0], size, root };
}

const signedBy = (note, name, id) => note.signatures.filter((line) => line.name === name && same(line.keyId, id));

// Size and root of a checkpoint that the log's key has signed.
export function openCheckpoint(data, origin, key) {
  const note = parseNote(data);
  const checkpoint = parseCheckpoint(note.text);
  need(checkpoint.origin === origin, "checkpoint: of another log");
  checkPublicKey(key);
  const lines = signedBy(note, origin, keyId(origin, 1, key));
  need(lines.length > 0, "checkpoint: not signed by the log");
  for (const line of lines) verify(key, utf8(note.text), line.payload);
  return { size: checkpoint.size, root: checkpoint.root };
}

// Which of these witnesses (name to key) have cosigned, and when (POSIX seconds).
export function cosignatures(data, witnesses) {
  const note = parseNote(data);
  const times = {};
  for (const [name, key] of Object.entries(witnesses)) {
    for (const { payload } of signedBy(note, name, keyId(name, 4, key))) {
      need(payload.length === 72, "cosignature: a time and 64 bytes");
      const time = BigInt(`0x${hex(payload.subarray(0, 8))}`);
      need(time < 2n ** 63n, "cosignature: time");
      verify(key, concat(utf8(`cosignature/v1\ntime ${time}\n`), utf8(note.text)), payload.subarray(8));
      times[name] = Math.max(Number(time), times[name] ?? 0);
    }
  }
  return times;
}
