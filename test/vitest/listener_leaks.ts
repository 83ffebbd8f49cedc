/** Fails a test file in whose process event listeners leak. */
import { afterAll, expect } from "vitest";

const warnings: string[] = [];

process.on("warning", ({ name, stack, message }) => {
  if (name === "MaxListenersExceededWarning") warnings.push(stack ?? message);
});

afterAll(() => expect(warnings).toEqual([]));
