// 05 sync: signed requests (RFC 9421 in one form).

import { sha256, same, utf8 } from "./bytes.mjs";
import { fromMultibase, verify } from "./keys.mjs";
import { need } from "./refused.mjs";

const KEY = "[a-z*][a-z0-9_.*-]*";
const STRING = '"(?:[ !#-\\[\\]-~]|\\\\["\\\\])*"';
const NUMBER = "0|-?[1-9][0-9]{0,14}";
const PARAMETER = `;(${KEY})=(${STRING}|${NUMBER})`;
const INPUT = new RegExp(`^(${KEY})=(\\(((?:${STRING}(?: ${STRING})*)?)\\)((?:;${KEY}=(?:${STRING}|${NUMBER}))*))$`);
const NAME = /^@?[a-z0-9!#$%&'*+.^_`|~-]+$/;
const FIELD_MAX = 1024;

const COMPONENTS = ["@method", "@authority", "@path", "@query"];
const PARAMETERS = ["created", "expires", "keyid", "nonce", "tag"];

const unquoted = (text) => text.slice(1, -1).replace(/\\(.)/g, "$1");
const isUnique = (list) => new Set(list).size === list.length;

// Label, covered components, parameters, and the field without its label.
export function parseSignatureInput(text) {
  const match = text.length <= FIELD_MAX ? INPUT.exec(text) : null;
  need(match !== null && !text.includes("\n"), "signature input: form");
  const [, label, params, inner, rest] = match;
  const components = [...inner.matchAll(new RegExp(STRING, "g"))].map(([item]) => unquoted(item));
  const found = [...rest.matchAll(new RegExp(PARAMETER, "g"))];
  need(isUnique(components) && components.every((name) => NAME.test(name)), "components: plain names, each once");
  need(isUnique(found.map(([, name]) => name)), "parameters: each once");
  const read = (value) => (value.startsWith('"') ? unquoted(value) : Number(value));
  return { label, components, params, parameters: Object.fromEntries(found.map(([, name, value]) => [name, read(value)])) };
}

// A field of one byte sequence under this label.
export function parseBytes(text, label) {
  const start = `${label}=:`;
  need(text.length <= FIELD_MAX && text.startsWith(start) && text.endsWith(":"), `${label}: form`);
  const encoded = text.slice(start.length, -1);
  const data = new Uint8Array(Buffer.from(encoded, "base64"));
  need(Buffer.from(data).toString("base64") === encoded, `${label}: base64`);
  return data;
}

// RFC 9421 section 2.5.
export function signatureBase({ components, params }, values) {
  const lines = components.map((name) => `"${name}": ${values[name]}`);
  need(components.every((name) => Object.hasOwn(values, name)), "components: a value for each");
  need(lines.every((line) => !/[\r\n]/.test(line)), "components: one line each");
  return [...lines, `"@signature-params": ${params}`].join("\n");
}

// Who signed a request, and when.
export function verifyRequest(given, body) {
  const input = parseSignatureInput(given.signature_input);
  const { components, parameters } = input;
  const digest = given.content_digest;
  const covered = digest === null ? COMPONENTS : [...COMPONENTS, "content-digest"];
  need(components.join(" ") === covered.join(" "), "components: these");
  need(Object.keys(parameters).sort().join(" ") === PARAMETERS.join(" "), "parameters: these");
  const { created, expires, nonce, keyid, tag } = parameters;
  need(tag === "frost-request" && typeof keyid === "string", "parameters: tag and keyid");
  need(Number.isSafeInteger(created) && Number.isSafeInteger(expires), "parameters: times");
  need(created < expires && expires <= created + 300, "time: life");
  need(created - 60 <= given.now && given.now <= expires + 60, "time: not now");
  need(typeof nonce === "string" && /^[A-Za-z0-9_-]{16,64}$/.test(nonce), "nonce: form");
  const key = fromMultibase(keyid);
  const { method, authority, path, query } = given;
  const values = { "@method": method, "@authority": authority, "@path": path, "@query": query, "content-digest": digest ?? "" };
  verify(key, utf8(signatureBase(input, values)), parseBytes(given.signature, input.label));
  if (digest !== null) need(same(parseBytes(digest, "sha-256"), sha256(body)), "digest: another body");
  return { key: keyid, created, expires, nonce };
}
