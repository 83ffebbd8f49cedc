import { copyFile, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { apiJar, compileScala, driverJar } from "../../context-node/spark/toolchain/mod.ts";
import { dependencyJar, exampleJar } from "../../examples/spark/build.ts";
import { FAST_SECTION } from "../e2e/spark_jobs/system.ts";
import { openPage, type Page, runLines } from "../system/documents.ts";
import { startHearth } from "../system/hearth.ts";
import { describeSpark } from "./spark.ts";

/** A driver takes seconds to start, and so do the first tasks of an executor. */
const CALL_SECONDS = 90;

/** A page whose lines need a Spark, and how their blocks are marked. */
type SparkPage = readonly [path: string, language: string];

/** Defines the tests that run the lines of these pages. */
export function testPages(pages: readonly SparkPage[]): void {
  describeSpark("the lines for the shell", (toolchain) => {
    beforeAll(async () => {
      const { compiler, libraries } = toolchain();
      await driverJar(compiler, { libraries });
    });

    test.each(pages)("in %s work as they stand", { timeout: 270_000 }, async (document, language) => {
      const { spark, java } = toolchain().compiler;
      const section = { enabled: true, home: spark.home, java: java.home, master: "local[2]", ...FAST_SECTION };
      const config = { node: { spark: section }, gateway: { contexts: { defaultRuntime: "SPARK" } } };
      await using hearth = await startHearth({ config });
      await using page = await openPage(document);
      await addExamples(page);
      await addOwnJob(page);
      const output = await runLines(page, page.linesOf(language), { url: hearth.url, callSeconds: CALL_SECONDS });
      expect(output).toContain('"result":{"b":2,"a":2,"see":1,"c":1}');
    });

    /** What `npm run spark:examples` puts there. */
    async function addExamples({ folder }: Page): Promise<void> {
      const { compiler, libraries } = toolchain();
      const dist = join(folder, "dist");
      await rm(dist, { force: true });
      await mkdir(dist);
      await copyFile(await exampleJar(compiler, { libraries }), join(dist, "job-server-tests.jar"));
      await copyFile(await dependencyJar(compiler), join(dist, "empty-class.jar"));
    }

    /** The job that a page shows, compiled as it says. */
    async function addOwnJob({ folder, blocks }: Page): Promise<void> {
      const [source] = blocks("scala");
      if (source === undefined || !source.startsWith("package com.example")) return;
      const { compiler, libraries } = toolchain();
      const [file, jar] = [join(folder, "my-job.scala"), join(folder, "my-job.jar")];
      await writeFile(file, source);
      const classPath = [...libraries, await apiJar(compiler, { libraries })];
      await compileScala(compiler, { subject: "the job of the page", sources: [file], classPath, jar });
    }
  });
}
