import { z } from "zod";

/** Text in which `*` matches any text. */
const patterns = z.array(z.string().min(1)).min(1);

const permission = z.string().regex(/^(\*|[a-z]+(:(\*|[a-z]+))?)$/, "must be *, RESOURCE, RESOURCE:* or RESOURCE:VERB");

/** A role: an entry of `gateway.roles`. */
export const role = z.strictObject({
  permissions: z
    .array(permission)
    .describe(
      "What it allows: `*`, `jobs`, `jobs:*` or `jobs:start`. `contexts:grant`, to grant contexts anything, is in `*`, but not in `contexts` and `contexts:*`",
    ),
  contexts: patterns.optional().describe("Only in contexts of such names, with `*` for any text; default all"),
  binaries: patterns.optional().describe("Only with binaries of such names, with `*` for any text; default all"),
  requestsPerSecond: z
    .number()
    .positive()
    .optional()
    .describe(
      "Calls that a principal with this role may make, on average; of several roles the highest counts; default that of `gateway.limits`",
    ),
});

/** Section `gateway.audit`. */
export const auditSection = z
  .strictObject({
    reads: z.boolean().default(false).describe("Also tells of calls that only read"),
    keepDays: z.int().positive().default(90).describe("Entries that are older are forgotten, in days"),
  })
  .prefault({})
  .describe("Who did what to which object");

/** Whether a text is an origin as browsers send it: scheme, host and port. */
export function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text;
}
