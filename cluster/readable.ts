import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { z } from "zod";

/** A path, relative to the working directory, of a file that can be read; made absolute. */
export const readableFile = z
  .string()
  .min(1)
  .transform((path, context) => {
    const absolute = resolve(path);
    readOrFault(absolute, context);
    return absolute;
  });

/** The same, as its content. */
export const fileContent = z
  .string()
  .min(1)
  .transform((path, context) => readOrFault(resolve(path), context));

function readOrFault(path: string, context: z.core.$RefinementCtx): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    context.addIssue({ code: "custom", message: `cannot be read: ${(error as Error).message}` });
    return z.NEVER;
  }
}
