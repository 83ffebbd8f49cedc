import type { Reporter, TestModule } from "vitest/node";
import { findMissing } from "../spark/missing.ts";

/** Number of test files whose duration a run reports. */
const SLOWEST_FILES = 10;

/** Ends a run with its slowest test files and one line, `N passed, N failed`, and `, N skipped` when there are any. */
export default class SummaryReporter implements Reporter {
  async onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): Promise<void> {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    for (const line of slowestFiles(modules)) process.stdout.write(`${line}\n`);
    const count = (state: string) => tests.filter((test) => test.result().state === state).length;
    // A file that cannot be loaded, a group whose set-up fails, and an error outside of all tests, fail the run although no test failed.
    const places = modules.flatMap((module) => [module, ...module.children.allSuites()]);
    const broken = places.filter((place) => place.errors().length > 0).length + unhandledErrors.length;
    const skipped = count("skipped");
    const summary = `${count("passed")} passed, ${count("failed") + broken} failed`;
    process.stdout.write(`\n${summary}${skipped > 0 ? `, ${skipped} skipped` : ""}\n`);
    const missing = skipped > 0 ? await findMissing() : undefined;
    if (missing !== undefined) process.stdout.write(`Spark was not tested: ${missing.message}\n`);
  }
}

function slowestFiles(modules: readonly TestModule[]): string[] {
  const files = modules.map((module) => ({ path: module.relativeModuleId, ms: module.diagnostic().duration }));
  const slowest = files.sort((one, other) => other.ms - one.ms).slice(0, SLOWEST_FILES);
  if (slowest.length < 2) return [];
  return [
    "\nThe slowest test files:",
    ...slowest.map(({ path, ms }) => `${(ms / 1000).toFixed(1).padStart(7)} s  ${path}`),
  ];
}
