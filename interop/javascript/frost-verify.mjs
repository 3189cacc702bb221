#!/usr/bin/env node
// Verifies FROST proof and evidence files, archives, logs and test vectors, by the specification, with nothing of frostnode.
//
//   node frost-verify.mjs proof FILE [WITNESS-KEY...]
//   node frost-verify.mjs evidence FILE
//   node frost-verify.mjs archive FILE [WITNESS-KEY...]
//   node frost-verify.mjs log DIRECTORY-OR-URL ORIGIN
//   node frost-verify.mjs vectors DIRECTORY
//
// The answer is JSON on standard output; the exit status is 0 when all holds, 1 when something is refused, 2 when the
// question was not understood.

import { createReadStream } from "node:fs";
import { verifyArchive } from "./lib/archives.mjs";
import { verifyEvidence } from "./lib/evidence.mjs";
import { readFile } from "./lib/files.mjs";
import { verifyLog } from "./lib/logs.mjs";
import { parseVkey } from "./lib/notes.mjs";
import { PROOF_BYTES_MAX, verifyProof } from "./lib/proofs.mjs";
import { Refused } from "./lib/refused.mjs";
import { verifyVectors } from "./lib/vectors.mjs";

const COMMANDS = {
  proof: { run: proof, usage: "FILE [WITNESS-KEY...]", fewest: 1, most: Infinity },
  evidence: { run: evidence, usage: "FILE", fewest: 1, most: 1 },
  archive: { run: archive, usage: "FILE [WITNESS-KEY...]", fewest: 1, most: Infinity },
  log: { run: verifyLog, usage: "DIRECTORY-OR-URL ORIGIN", fewest: 2, most: 2 },
  vectors: { run: verifyVectors, usage: "DIRECTORY", fewest: 1, most: 1 },
};

async function proof(file, ...vkeys) {
  return verifyProof(await readFile(file, PROOF_BYTES_MAX), witnesses(vkeys));
}

async function archive(file, ...vkeys) {
  return verifyArchive(createReadStream(file), witnesses(vkeys));
}

// The keys of witnesses by name.
function witnesses(vkeys) {
  const known = vkeys.map(parseVkey).filter(({ type }) => type === 4);
  return Object.fromEntries(known.map(({ name, key }) => [name, key]));
}

async function evidence(file) {
  return verifyEvidence(new Uint8Array(await readFile(file)));
}

async function main([name, ...rest]) {
  const command = Object.hasOwn(COMMANDS, name ?? "") ? COMMANDS[name] : null;
  if (command === null || rest.length < command.fewest || rest.length > command.most) {
    for (const [known, { usage }] of Object.entries(COMMANDS)) console.error(`frost-verify ${known} ${usage}`);
    return 2;
  }
  try {
    console.log(JSON.stringify(await command.run(...rest), null, 1));
    return 0;
  } catch (error) {
    if (!(error instanceof Refused) && error.code === undefined) throw error;
    console.error(`refused: ${error.message}`);
    return 1;
  }
}

process.exitCode = await main(process.argv.slice(2));
