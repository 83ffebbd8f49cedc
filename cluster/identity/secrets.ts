import { createSecretKey, type KeyObject } from "node:crypto";
import { readText } from "../../plugins/files/mod.ts";

/** Shortest secret, in characters. A shorter one could be guessed from signatures on the wire. */
export const SHORTEST_SECRET = 16;

/** Secrets of the cluster. We sign with the first and accept all, so that secrets can be rotated without interruption. */
export type Secrets = readonly [KeyObject, ...KeyObject[]];

/** Reads a file with one secret a line. Throws if it cannot be read, is empty, or a secret is too short. */
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
