import type { JobStage } from "../../demo/client.ts";

/** `stage 2 of 3, 17 of 36 tasks`; skipped stages do not count. */
export function describeStages(stages: readonly JobStage[]): string {
  const known = stages.filter(({ state }) => state !== "SKIPPED");
  if (known.length === 0) return "";
  const done = known.filter(({ state }) => state === "COMPLETE").length;
  const tasks = sum(known.map(({ tasks = 0 }) => tasks));
  const completed = sum(known.map(({ completedTasks = 0 }) => completedTasks));
  return `stage ${Math.min(done + 1, known.length)} of ${known.length}, ${completed} of ${tasks} tasks`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
