// Standard base64 with padding, in its one spelling.

import { need } from "./refused.mjs";

export function base64(text) {
  const data = Buffer.from(text, "base64");
  need(data.toString("base64") === text, "base64: spelling");
  return new Uint8Array(data);
}
