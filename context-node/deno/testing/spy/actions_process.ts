import type { Action } from "./action.ts";
import type { Loose } from "./natives.ts";

/** The process and its performance. */
export function processActions(): readonly Action[] {
  return [
    [
      "process.emitWarning",
      () => {
        process.emitWarning("x");
        process.emitWarning("x", { type: "DeprecationWarning", code: "DEP9" });
        process.emitWarning(new Error("x"));
      },
    ],
    ["process.nextTick", () => new Promise((resolve) => process.nextTick(resolve, {}))],
    [
      "process",
      () => {
        for (const name of ["hrtime", "memoryUsage", "uptime", "cwd", "cpuUsage", "resourceUsage"])
          (process as Loose)[name]?.();
        process.once("exit", () => {});
        process.on("uncaughtException", () => {});
        (process as Loose).emit("x");
        process.stdout.write("x\n");
        process.stderr.write("x\n");
      },
    ],
    [
      "too many listeners",
      () => {
        for (let index = 0; index < 30; index++) process.on("warning", () => {});
      },
    ],
    [
      "performance",
      () => {
        performance.mark("x", { detail: {} });
        performance.measure("y", "x");
        performance.getEntries();
        performance.clearMarks();
        performance.toJSON();
      },
    ],
  ];
}
