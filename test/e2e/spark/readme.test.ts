import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { createTemporaryDirectory } from "../../contract/temporary_directory.ts";
import { startHearth } from "../../system/hearth.ts";
import { until } from "../../until.ts";
import { packExamples } from "./programs.ts";
import { README_LINES } from "./readme_lines.ts";

const run = promisify(execFile);

/** Further lines of the same; the jar is a tarball of ours. */
const LINES = {
  ...README_LINES,
  cp: `curl -d 'cp = ["test"], mainClass = "spark.jobserver.WordCountExample", input.string = "a b c a b see"' 'localhost:8090/jobs?sync=true'`,
  reset: `curl -X PUT 'localhost:8090/contexts?reset=reboot'`,
  delete: "curl -X DELETE localhost:8090/binaries/test",
};

test("the curl lines of spark-jobserver's README work as they stand", async () => {
  await using hearth = await startHearth();
  await using directory = await createTemporaryDirectory();
  const jar = join(directory.path, "examples.tgz");
  await writeFile(jar, packExamples());
  let jobId = "";
  const sh = async (line: keyof typeof LINES): Promise<string> => {
    const command = LINES[line]
      .replaceAll("localhost:8090", new URL(hearth.url).host)
      .replaceAll(/@job-server-tests\S+\.jar/g, `@${jar}`)
      .replaceAll("$JOB", jobId);
    return (await run("sh", ["-c", command.replace("curl ", "curl -s ")])).stdout;
  };

  expect(await sh("upload")).toBe('{"status":"SUCCESS","result":"Jar uploaded"}');
  expect(await sh("jars")).toMatch(/^\{"test":"\d{4}-[^"]+"\}$/);
  expect(await sh("binary")).toBe('{"status":"SUCCESS"}');

  const started = JSON.parse(await sh("adHoc"));
  expect(started.status).toBe("STARTED");
  jobId = started.jobId;
  await until("the ad-hoc job has finished", async () => JSON.parse(await sh("job")).status === "FINISHED");
  expect(JSON.parse(await sh("job")).result).toEqual({ a: 2, b: 2, c: 1, see: 1 });
  expect(await sh("config")).toBe('{\n    "input" : {\n        "string" : "a b c a b see"\n    }\n}\n');

  expect(await sh("context")).toBe('{"status":"SUCCESS","result":"Context initialized"}');
  expect(JSON.parse(await sh("contexts"))).toContain("test-context");
  expect(JSON.parse(await sh("inContext")).result).toEqual({ a: 2, b: 2, c: 1, see: 1 });
  const jobs: { status: string }[] = JSON.parse(await sh("jobs"));
  expect(jobs.map(({ status }) => status)).toEqual(["FINISHED", "FINISHED"]);

  const invalid = await sh("invalid");
  expect(invalid).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
  expect(invalid).toContain('{"status":"VALIDATION FAILED","result":{"message":');
  expect(invalid).toContain("No input.string config param");

  expect(JSON.parse(await sh("cp")).result).toEqual({ a: 2, b: 2, c: 1, see: 1 });
  expect(await sh("override")).toBe('{"status":"SUCCESS","result":"Context stopped"}');
  expect(await sh("reset")).toBe('{"status":"SUCCESS","result":"Context reset"}');
  expect(await sh("delete")).toBe('{"status":"SUCCESS"}');
});
