import { CONTRACT_VERSION, type Plugin, type PluginKind } from "../../plugins/contract/mod.ts";

/** Whether a module's default export is a plugin description. */
export function isPlugin(value: unknown): value is Plugin {
  return (
    isObject(value) &&
    typeof value.kind === "string" &&
    typeof value.name === "string" &&
    typeof value.contract === "number" &&
    isObject(value.config) &&
    typeof value.config.safeParseAsync === "function" &&
    typeof value.start === "function"
  );
}

/** Reason for rejecting a DAO that predates the outbox. */
export const NO_OUTBOX =
  'it keeps no outbox, so ends of jobs would not be published; use a version of it that does (docs/plugins.md, "The outbox of a DAO")';

/** Whether a plugin is of a kind. */
export function isOfKind<Kind extends PluginKind>(plugin: Plugin, kind: Kind): plugin is Plugin<Kind> {
  return plugin.kind === kind;
}

/** Returns the reason for rejecting a plugin of another contract version; undefined if the versions match. */
export function contractFault({ contract }: Plugin): string | undefined {
  if (contract === CONTRACT_VERSION) return undefined;
  return `it was written for version ${contract} of the plugin contract, this Hearth has version ${CONTRACT_VERSION}`;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
