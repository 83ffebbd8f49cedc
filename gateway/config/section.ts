import { z } from "zod";
import { address, isLoopbackAddress } from "../../cluster/mod.ts";
import { LONGEST_DELAY_MS } from "../../lib/async/mod.ts";
import { Runtime } from "../../proto/mod.ts";
import { limitsSection } from "../limits.ts";
import { settingProblems } from "../spark/mod.ts";
import { auditSection, isOrigin, role } from "./access_section.ts";
import { callbacksSection } from "./callbacks_section.ts";
import { pluginReference } from "./plugin_reference.ts";
import { retentionSection } from "./retention_section.ts";
import { sparkSection } from "./spark_section.ts";
import { tlsSection } from "./tls_section.ts";

/** Settings by their names in `gateway/spark/settings.ts`, dotted or nested. */
const contextSettings = z.record(z.string(), z.json()).superRefine((settings, context) => {
  for (const fault of settingProblems(settings)) context.addIssue(fault);
});

const contextName = /^[A-Za-z][A-Za-z0-9._~-]{0,127}$/;

/** Contexts by name, and defaults for all others. */
const contextsSection = z
  .object({
    defaultRuntime: z
      .enum(["DENO", "SPARK"])
      .optional()
      .describe(
        "What runs the jobs of a context that is created by name and names no runtime: `DENO` for TypeScript and JavaScript, `SPARK` for jars. Default: `DENO`; on spark-jobserver's API that of the program that was uploaded last. The context of one job has that of its binary",
      ),
  })
  .catchall(contextSettings)
  .superRefine(
    (contexts, context) => {
      for (const name of Object.keys(contexts).filter((each) => !contextName.test(each))) {
        context.addIssue({
          ...{ code: "custom", path: [name], input: name },
          message: "must be a letter, then letters, digits and ._~-",
        });
      }
    },
    // Also checked when the settings of one are invalid.
    { when: ({ value }) => z.record(z.string(), z.unknown()).safeParse(value).success },
  )
  .transform(({ defaultRuntime, ...byName }) => ({ defaultRuntime: defaultRuntime && Runtime[defaultRuntime], byName }))
  .prefault({})
  .describe("Contexts that exist from the start: their [settings](contexts.md) by name, beside this key");

/** Section `gateway` of the configuration file. */
export const gatewaySection = z
  .strictObject({
    listen: address.default("127.0.0.1:8090").describe("`host:port` of the one port; port 0 takes a free one"),
    dataDir: z
      .string()
      .min(1)
      .default(".hearth")
      .describe("Folder of the default plugins' files, relative to the working directory"),
    insecure: z
      .boolean()
      .default(false)
      .describe("Listens on an address that is not loopback although nobody is asked who they are"),
    tls: tlsSection.optional().describe("TLS on the port. The files are read again when they change; default none"),
    drainTimeoutMs: z
      .int()
      .nonnegative()
      .max(LONGEST_DELAY_MS)
      .default(10_000)
      .describe("Time to finish calls in flight when it stops, in milliseconds"),
    drainDelayMs: z
      .int()
      .min(0)
      .max(3_600_000)
      .default(0)
      .describe(
        "Time for which it still takes calls after SIGTERM, in milliseconds, while `/readyz` and gRPC health send callers to others. Longer than a load balancer takes to notice",
      ),
    reusePort: z
      .boolean()
      .default(false)
      .describe(
        "Shares the port with other gateways of this machine that do so too: a new one may start before the old one ends. The port is opened when the gateway is ready, and closed at SIGTERM; connections that are open are served for `drainDelayMs`. Linux and the BSDs",
      ),
    placementWaitMs: z
      .int()
      .min(0)
      .max(3_600_000)
      .default(5000)
      .describe(
        "The longest that a call waits, in milliseconds, for a context node that it needs and that is not connected: one that starts, or that a gateway which has just started does not know yet",
      ),
    contexts: contextsSection,
    contextSettings: contextSettings
      .default({})
      .describe(
        "Settings of every context that is made through spark-jobserver's API or named here, where its creator says nothing",
      ),
    jobConfig: z
      .record(z.string(), z.json())
      .default({})
      .describe("Config of every job, where its submitter says nothing"),
    spark: sparkSection,
    callbacks: callbacksSection,
    retention: retentionSection,
    dao: pluginReference
      .optional()
      .describe(
        "Keeps the record of jobs, contexts, binaries and files; default `hearth:dao-sqlite` in the data directory",
      ),
    blobs: pluginReference
      .optional()
      .describe("Keeps contents: uploads, data files, large results; default `hearth:blobs-fs` in the data directory"),
    allowedOrigins: z
      .union([z.literal("*"), z.array(z.string().refine(isOrigin, "must be an origin like https://page.example"))], {
        error: 'must be "*" or a list of origins like https://page.example',
      })
      .optional()
      .describe(
        "Origins whose pages may call, such as `https://page.example`, or `*` for all. Default: all when there is an auth plugin that does not let in anybody, else those of this machine",
      ),
    auth: z
      .array(pluginReference)
      .default([])
      .describe(
        "Plugins that tell who a caller is, asked in order. None: everybody may do everything, and only loopback is listened on",
      ),
    roles: z.record(z.string().min(1), role).default({}).describe("What roles allow, by name"),
    limits: limitsSection,
    audit: auditSection,
    openReflection: z
      .boolean()
      .default(false)
      .describe(
        "Lets anybody ask for the descriptors of the services by gRPC reflection; otherwise a caller has to be known",
      ),
  })
  .refine(({ auth, roles }) => auth.length === 0 || Object.keys(roles).length > 0, {
    ...{ path: ["roles"], error: "auth without roles would allow nobody anything", when: isAccessRight },
  })
  .refine(({ auth, roles }) => auth.length > 0 || Object.keys(roles).length === 0, {
    ...{ path: ["auth"], error: "roles without auth would hold nobody to them", when: isAccessRight },
  })
  .refine(({ listen, insecure, auth }) => insecure || auth.length > 0 || isLoopbackAddress(listen), {
    path: ["listen"],
    error:
      "without an auth plugin anybody who reaches it could run code; listen on 127.0.0.1, name plugins in gateway.auth, or set gateway.insecure",
    when: isExposureRight,
  })
  .prefault({})
  .describe("What a gateway does");

const accessKeys = z.object({ auth: z.array(z.unknown()), roles: z.record(z.string(), z.unknown()) });
const exposureKeys = z.object({ listen: address, insecure: z.boolean(), auth: z.array(z.unknown()) });

/** Applies the rules about `auth` and `roles` even if other keys, or the content of these, are invalid. */
function isAccessRight({ value }: { readonly value: unknown }): boolean {
  return accessKeys.safeParse(value).success;
}

/** The same for the rules about exposure. */
function isExposureRight({ value }: { readonly value: unknown }): boolean {
  return exposureKeys.safeParse(value).success;
}
