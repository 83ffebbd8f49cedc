import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createTemporaryDirectory } from "../../../test/contract/temporary_directory.ts";
import { COMPILING_MS, describeSpark } from "../../../test/spark/spark.ts";
import { compileScala } from "./compile.ts";
import { compiledJar } from "./compiled_jar.ts";

describeSpark("with the Scala compiler of a Spark", (spark) => {
  test(
    "compileScala() names file and line of an error",
    async () => {
      const { compiler } = spark();
      await using folder = await createTemporaryDirectory();
      const [source, jar] = [join(folder.path, "Fault.scala"), join(folder.path, "fault.jar")];
      await writeFile(source, "class Fault {\n  val count: Int = true\n}\n");
      await expect(
        compileScala(compiler, { subject: "a fault", sources: [source], classPath: [], jar }),
      ).rejects.toMatchObject({
        problem: "COMPILATION_FAILED",
        message: expect.stringMatching(
          /Cannot compile a fault \(Fault\.scala\) .*Fault\.scala:2: error: type mismatch/s,
        ),
      });
      await expect(readFile(jar)).rejects.toMatchObject({ code: "ENOENT" });
    },
    COMPILING_MS,
  );

  test(
    "compiledJar() compiles equal sources once, even for concurrent callers",
    async () => {
      const { compiler } = spark();
      await using folder = await createTemporaryDirectory();
      const source = join(folder.path, "Once.scala");
      const lines: string[] = [];
      const caching = {
        ...compiler,
        env: { XDG_CACHE_HOME: folder.path },
        log: (line: string) => void lines.push(line),
      };
      const compile = () => compiledJar(caching, { name: "once", subject: "it", sources: [source], classPath: [] });
      await writeFile(source, "class Once");
      const [first, second] = await Promise.all([compile(), compile()]);
      expect(second).toBe(first);
      expect(lines.filter((line) => line.startsWith("compiling"))).toHaveLength(1);
      await writeFile(source, "class Twice");
      expect(await compile()).not.toBe(first);
      expect(await readFile(first)).toBeInstanceOf(Buffer);
    },
    COMPILING_MS,
  );
});
