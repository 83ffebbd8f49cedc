import { readFileSync } from "node:fs";
import { z } from "zod";
import { refuseUtf16 } from "./text.ts";

/** A path, relative to the working directory, of a file that can be read. */
export const readableFile = z
  .string()
  .min(1)
  .superRefine((path, context) => {
    try {
      refuseUtf16(readFileSync(path));
    } catch (error) {
      context.addIssue(`cannot be read: ${(error as Error).message}`);
    }
  })
  .meta({ title: "path of a file" });
