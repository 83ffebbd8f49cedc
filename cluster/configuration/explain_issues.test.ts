import { expect, test } from "vitest";
import { z } from "zod";
import { explainIssues, PARSE_OPTIONS } from "./explain_issues.ts";
import { printFault } from "./faults.ts";

const schema = z.strictObject({
  name: z.string().min(1),
  count: z.int().min(1).max(9).default(1),
  kind: z.enum(["a", "b"]).optional(),
  url: z.url().optional(),
  password: z.string().min(8).optional(),
  ssl: z.union([z.boolean(), z.strictObject({ verify: z.boolean() })]).optional(),
  tags: z.array(z.string()).min(1).optional(),
});

function faultsOf(value: unknown, options?: { hidesTexts: boolean }): string[] {
  const { error } = schema.safeParse(value, PARSE_OPTIONS);
  return explainIssues(error?.issues ?? [], options).map((fault) => printFault(fault).trim());
}

test.each<[unknown, string[]]>([
  [{}, ["name: missing; expected text"]],
  [[], ["expected an object, got a list"]],
  [{ name: "" }, ['name: expected text that is not empty, got ""']],
  [{ name: null }, ["name: expected text, got null"]],
  [{ name: "n", count: 0 }, ["count: expected at least 1, got 0"]],
  [{ name: "n", count: 1.5 }, ["count: expected a whole number, got 1.5"]],
  [{ name: "n", count: 10 }, ["count: expected at most 9, got 10"]],
  [{ name: "n", kind: "c" }, ['kind: expected "a" or "b", got "c"']],
  [{ name: "n", url: "nowhere" }, ['url: expected a URL, got "nowhere"']],
  [{ name: "n", password: "hunter2" }, ["password: expected at least 8 characters"]],
  [{ name: "n", ssl: 1 }, ["ssl: expected true or false or an object, got 1"]],
  [{ name: "n", ssl: { verify: "no" } }, ['ssl.verify: expected true or false, got "no"']],
  [
    { name: "n", ssl: { verfy: true } },
    ["ssl.verify: missing; expected true or false", 'ssl.verfy: unknown key; did you mean "verify"?'],
  ],
  [{ name: "n", tags: [] }, ["tags: expected at least 1 entry"]],
  [{ name: "n", tags: [1, {}] }, ["tags[0]: expected text, got 1", "tags[1]: expected text, got an object"]],
  [{ name: "n", "a b": 1 }, ['["a b"]: unknown key']],
])("explainIssues() explains %j", (value, faults) => {
  expect(faultsOf(value)).toEqual(faults);
});

test("explainIssues() hides strings that may be secret", () => {
  expect(faultsOf({ name: "n", url: "hunter2", count: 0 }, { hidesTexts: true })).toEqual([
    "count: expected at least 1, got 0",
    "url: expected a URL",
  ]);
});

test("explainIssues() truncates a long string", () => {
  const [fault = ""] = faultsOf({ name: "n", url: "x".repeat(1000) });
  expect(fault.length).toBeLessThan(100);
});
