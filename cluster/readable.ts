import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { z } from "zod";

/** A path, relative to the working directory, of a file that can be read; made absolute. */
export const readableFile = z
  .string()
  .min(1)
  .transform((path, context) => {
    const absolute = resolve(path);
    try {
      readFileSync(absolute);
    } catch (error) {
      context.addIssue({ code: "custom", message: `cannot be read: ${(error as Error).message}` });
    }
    return absolute;
  })
  .meta({ title: "path of a file" });
