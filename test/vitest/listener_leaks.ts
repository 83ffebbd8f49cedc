/** A test file in whose process listeners pile up fails, whatever its tests find. */
import { afterAll, expect } from "vitest";

const warnings: string[] = [];

process.on("warning", ({ name, stack, message }) => {
  if (name === "MaxListenersExceededWarning") warnings.push(stack ?? message);
});

afterAll(() => expect(warnings).toEqual([]));
