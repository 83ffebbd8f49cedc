import { mkdir, readdir, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createTemporaryDirectory } from "../../../test/contract/temporary_directory.ts";
import { sparkCache } from "./cache.ts";
import type { Spark } from "./find_spark.ts";
import { findLibraries } from "./libraries.ts";

const SPARK: Spark = { home: "/s", version: "4.3.0", major: 4, scalaVersion: "2.13", jars: "/s/jars" };

/** A mirror of Maven that has the same content for everything. */
async function startMirror(content: string | undefined) {
  const paths: string[] = [];
  const server = createServer((request, response) => {
    paths.push(request.url ?? "");
    response.writeHead(content === undefined ? 404 : 200).end(content);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/maven/`,
    paths,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test("findLibraries() rejects a jar with another digest, and keeps no file", async () => {
  await using folder = await createTemporaryDirectory();
  await using mirror = await startMirror("not a jar");
  const env = { XDG_CACHE_HOME: folder.path, HEARTH_MAVEN: mirror.url };
  await expect(findLibraries(SPARK, { env })).rejects.toMatchObject({
    problem: "LIBRARY_UNAVAILABLE",
    message: expect.stringMatching(/Cannot get http.*\.jar: its SHA-256 is/),
  });
  const [kept] = await Promise.allSettled([readdir(join(sparkCache(env), "libraries"))]);
  expect(kept).toMatchObject({ status: "rejected", reason: { code: "ENOENT" } });
});

test("findLibraries() downloads the jars for the Scala of the Spark, and replaces damaged ones", async () => {
  await using folder = await createTemporaryDirectory();
  await using mirror = await startMirror(undefined);
  const env = { XDG_CACHE_HOME: folder.path, HEARTH_MAVEN: mirror.url };
  await mkdir(join(sparkCache(env), "libraries"), { recursive: true });
  await writeFile(join(sparkCache(env), "libraries", "config-1.4.3.jar"), "damaged");
  await expect(findLibraries({ ...SPARK, scalaVersion: "2.12" }, { env })).rejects.toThrow(
    /the server responded with 404 .*HEARTH_MAVEN/,
  );
  await expect
    .poll(() => mirror.paths.toSorted())
    .toEqual([
      "/maven/com/typesafe/config/1.4.3/config-1.4.3.jar",
      "/maven/org/scalactic/scalactic_2.12/3.2.19/scalactic_2.12-3.2.19.jar",
    ]);
});

test("findLibraries() rejects with why a mirror is unreachable", async () => {
  await using folder = await createTemporaryDirectory();
  const env = { XDG_CACHE_HOME: folder.path, HEARTH_MAVEN: "http://127.0.0.1:1" };
  await expect(findLibraries(SPARK, { env })).rejects.toMatchObject({ problem: "LIBRARY_UNAVAILABLE" });
});

test("findLibraries() prefers configured jars", async () => {
  await using folder = await createTemporaryDirectory();
  const named = ["other-1.jar", "config-1.4.2.jar", "scalactic_2.13-3.2.18.jar"].map((name) => join(folder.path, name));
  for (const path of named) await writeFile(path, "");
  const env = { XDG_CACHE_HOME: folder.path, HEARTH_MAVEN: "http://127.0.0.1:1" };
  expect(await findLibraries(SPARK, { env, named })).toEqual(named.slice(1));
});

test("findLibraries() rejects a configured jar that does not exist", async () => {
  const options = { env: { HEARTH_MAVEN: "http://127.0.0.1:1" }, named: ["/nowhere/config-1.4.3.jar"] };
  await expect(findLibraries(SPARK, options)).rejects.toThrow(
    'Cannot read the configured library "/nowhere/config-1.4.3.jar"',
  );
});
