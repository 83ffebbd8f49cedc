import { createSecretKey, type KeyObject } from "node:crypto";
import { readText } from "../../plugins/files/mod.ts";

/** A shorter one could be guessed from what goes over the wire. */
export const SHORTEST_SECRET = 16;

/** What all gateways and nodes know. The first is what we prove, each is what others may prove; so one takes another's place without a gap. */
export type Secrets = readonly [KeyObject, ...KeyObject[]];

/** Reads a file with one secret a line. Throws when it cannot be read, has none, or one is too short. */
export function readSecrets(path: string): Secrets {
  const lines = readText(path)
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  if (lines.some((line) => line.length < SHORTEST_SECRET)) {
    throw new Error(`a secret has at least ${SHORTEST_SECRET} characters`);
  }
  const [first, ...others] = lines.map((line) => createSecretKey(line, "utf8"));
  if (first === undefined) throw new Error("it is empty");
  return [first, ...others];
}
