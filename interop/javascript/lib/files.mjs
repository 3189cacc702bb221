// Files of which nobody knows how long they are.

import { createReadStream } from "node:fs";
import { concat } from "./bytes.mjs";

// The bytes of a file; where there are more than it may have, one more than that.
export async function readFile(path, bytesMax) {
  const chunks = [];
  for await (const chunk of createReadStream(path, { end: bytesMax })) chunks.push(chunk);
  return concat(...chunks);
}
