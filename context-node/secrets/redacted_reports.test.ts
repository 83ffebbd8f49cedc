import { expect, test } from "vitest";
import { Progress, Stage } from "../../proto/node.ts";
import type { JobObserver } from "../runtime/mod.ts";
import { KnownSecrets } from "./known_secrets.ts";
import { createReport } from "./redacted_reports.ts";

test("secrets are redacted from stages", () => {
  const told: Progress[] = [];
  const observer = {
    progress: (progress: Progress) => void told.push(progress),
  } as Partial<JobObserver> as JobObserver;
  const known = new KnownSecrets();
  known.add(new Map([["a", "hunter2000"]]));
  const stage = Stage.create({ name: "count at hunter2000", failure: "no hunter2000" });
  createReport(observer, known).observer.progress(Progress.create({ stages: [stage] }));
  expect(JSON.stringify(told)).toContain("count at");
  expect(JSON.stringify(told)).not.toContain("hunter2000");
});
