import { expect, test } from "vitest";
import lockfile from "../package-lock.json" with { type: "json" };

interface Entry {
  readonly integrity?: string;
  /** A package of this repository, or one inside the tarball of another. */
  readonly link?: boolean;
  readonly inBundle?: boolean;
}

test("package-lock.json has a SHA-512 of every package, those of other platforms too, so that npm ci verifies each", () => {
  const entries = Object.entries(lockfile.packages as Record<string, Entry>).filter(([path]) => path !== "");
  const unverified = entries.filter(
    ([, { integrity, link, inBundle }]) => !link && !inBundle && !integrity?.startsWith("sha512-"),
  );
  expect(unverified.map(([path]) => path)).toEqual([]);
});
