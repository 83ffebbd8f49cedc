import { readdirSync } from "node:fs";
import { z } from "zod";
import { type Fault, unknownName } from "../../cluster/mod.ts";
import type { PluginKind } from "../../plugins/contract/mod.ts";
import { checkPlugin, PluginError } from "../plugins/mod.ts";
import { isBuiltIn, locate, PLUGINS, pluginReference } from "./plugin_reference.ts";

interface Named {
  /** Key of the configuration: `gateway.auth[1]`. */
  readonly where: string;
  readonly kind: PluginKind;
  readonly reference: z.output<typeof pluginReference>;
}

/** The valid part of these keys, even if other keys are invalid. */
const references = z.object({
  gateway: z.object({
    dao: pluginReference.optional().catch(undefined),
    blobs: pluginReference.optional().catch(undefined),
    auth: z.array(pluginReference.optional().catch(undefined)).catch([]).default([]),
  }),
});

/**
 * Finds the errors of the plugins that a configuration names, and of their own sections. Loads all of them and starts none. Malformed
 * references are left to the schema.
 */
export async function findPluginFaults(content: unknown, { baseDir }: { readonly baseDir: string }): Promise<Fault[]> {
  const faults = await Promise.all(namedPlugins(content).map((named) => faultsOf(named, baseDir)));
  return faults.flat();
}

function namedPlugins(content: unknown): Named[] {
  const { dao, blobs, auth } = references.safeParse(content).data?.gateway ?? { auth: [] };
  return [
    ...(dao ? [{ where: "gateway.dao", kind: "dao", reference: dao } as const] : []),
    ...(blobs ? [{ where: "gateway.blobs", kind: "blobs", reference: blobs } as const] : []),
    ...auth.flatMap((reference, index) =>
      reference ? [{ where: `gateway.auth[${index}]`, kind: "auth", reference } as const] : [],
    ),
  ];
}

async function faultsOf({ where, kind, reference }: Named, baseDir: string): Promise<Fault[]> {
  const { plugin } = reference;
  if (isBuiltIn(plugin)) {
    const known = builtInNames();
    if (!known.includes(plugin)) {
      return [{ where: `${where}.plugin`, what: unknownName(`plugin ${JSON.stringify(plugin)}`, plugin, known) }];
    }
  }
  const { signal } = new AbortController();
  const [checked] = await Promise.allSettled([checkPlugin(kind, locate(reference), { signal, baseDir })]);
  if (checked.status === "fulfilled") return [];
  const error: unknown = checked.reason;
  if (!(error instanceof PluginError)) throw error;
  if (error.faults.length === 0)
    return [{ where: `${where}.plugin`, what: `cannot ${error.step} ${JSON.stringify(plugin)}: ${error.fault}` }];
  return error.faults.map((fault) => ({ where: `${where}.config${below(fault.where)}`, what: fault.what }));
}

function below(path: string): string {
  return path === "" || path.startsWith("[") ? path : `.${path}`;
}

function builtInNames(): string[] {
  const folders = readdirSync(PLUGINS).filter((name) => /^(dao|blobs|auth)-/.test(name));
  return folders.map((name) => `hearth:${name}`);
}
