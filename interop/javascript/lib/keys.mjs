// 01 encoding: keys and signatures, under the one strict rule.

import { createPrivateKey, createPublicKey, hkdfSync, sign, verify as verifyEquation } from "node:crypto";
import { base58btc } from "multiformats/bases/base58";
import { concat, hex, unhex } from "./bytes.mjs";
import { need, Refused } from "./refused.mjs";

const P = 2n ** 255n - 19n;
const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const ORDER_8_Y = 0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n;
const SPKI = unhex("302a300506032b6570032100");
const PKCS8 = unhex("302e020100300506032b657004220420");

const fromLittle = (bytes) => BigInt(`0x${hex(Uint8Array.from(bytes).reverse())}`);
const littleHex = (number) => hex(unhex(number.toString(16).padStart(64, "0")).reverse());

// All encodings of points of low order, and all that are not canonical, in hex.
function refusedPoints() {
  const ys = [0n, 1n, P - 1n, ORDER_8_Y, P - ORDER_8_Y];
  for (let y = P; y < 2n ** 255n; y++) ys.push(y);
  return new Set(ys.flatMap((y) => [littleHex(y), littleHex(y + 2n ** 255n)]));
}

const REFUSED_POINTS = refusedPoints();

export function checkPublicKey(key) {
  need(key.length === 32, "public key: 32 bytes");
  need(!REFUSED_POINTS.has(hex(key)), "public key: of low order or not canonical");
  return key;
}

export function verify(key, message, signature) {
  checkPublicKey(key);
  need(signature.length === 64, "signature: 64 bytes");
  need(!REFUSED_POINTS.has(hex(signature.subarray(0, 32))), "signature: its R is of low order or not canonical");
  need(fromLittle(signature.subarray(32)) < L, "signature: its S is not below the group order");
  need(holds(key, message, signature), "signature: does not verify");
}

function holds(key, message, signature) {
  try {
    const publicKey = createPublicKey({ key: Buffer.from(concat(SPKI, key)), format: "der", type: "spki" });
    return verifyEquation(null, message, publicKey, signature);
  } catch {
    return false;
  }
}

export function fromMultikey(data) {
  need(data instanceof Uint8Array && data.length === 34 && data[0] === 0xed && data[1] === 1, "multikey");
  return checkPublicKey(data.subarray(2));
}

export const toMultibase = (key) => base58btc.encode(concat(Uint8Array.of(0xed, 1), key));

export function fromMultibase(text) {
  need(/^z6Mk.{44}$/.test(text), "multibase key: z6Mk… of 48 characters");
  let data;
  try {
    data = base58btc.decode(text);
  } catch (error) {
    throw new Refused(error.message);
  }
  return fromMultikey(data);
}

export const deriveSeed = (secret, label) => new Uint8Array(hkdfSync("sha256", secret, new Uint8Array(), label, 32));

export function signWithSeed(seed, message) {
  need(seed.length === 32, "seed: 32 bytes");
  const key = createPrivateKey({ key: Buffer.from(concat(PKCS8, seed)), format: "der", type: "pkcs8" });
  const spki = createPublicKey(key).export({ format: "der", type: "spki" });
  return { public: new Uint8Array(spki.subarray(-32)), signature: new Uint8Array(sign(null, message, key)) };
}
