import { resolve } from "node:path";
import { readableFile as readable } from "../plugins/files/mod.ts";

/** A path, relative to the working directory, of a file that can be read; made absolute. */
export const readableFile = readable.transform((path) => resolve(path)).meta({ title: "path of a file" });
