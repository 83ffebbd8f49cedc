import { expect, test } from "vitest";
import { binaryInUse } from "./binaries.ts";
import { errorInfo } from "./error.ts";

test("binaryInUse() names whole ids of jobs only", () => {
  const ids = Array.from({ length: 20 }, () => crypto.randomUUID());
  const named = errorInfo(binaryInUse("jobs", ids))?.metadata.jobs?.split(",");
  expect(named).toEqual(ids.slice(0, 12));
});
