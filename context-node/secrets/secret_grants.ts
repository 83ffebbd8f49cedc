import { type ContextSettings, matchesName, type Permissions } from "../../proto/node.ts";
import { isSecretName, referredName } from "./references.ts";

/** Secrets that contexts may be granted: patterns of secrets by patterns of contexts' names, in which `*` matches any text. */
export type SecretPolicy = Readonly<Record<string, readonly string[]>>;

/** A context that asks for secrets. */
export interface Grantee {
  /** Name of the context. */
  readonly context: string;
  readonly settings: ContextSettings;
  readonly policy: SecretPolicy;
}

/** Longest name that is repeated in an error. */
const LONGEST_TOLD = 64;

/** The error for a job whose config refers to secrets that its context may not have. Undefined when it may have all of them. */
export function tellRefusedConfig(names: readonly string[], grantee: Grantee): string | undefined {
  return tellRefused("The config of the job", names, grantee);
}

/** The same for a context's `env`. */
export function tellRefusedEnv(grantee: Grantee): string | undefined {
  const { env } = grantee.settings;
  if (referredName(env.TZ) !== undefined) return "The time zone, env TZ, cannot be a secret: the whole process has it";
  return tellRefused("The env of the context", namesInEnv(env), grantee);
}

/** The distinct names that environment variables refer to. */
export function namesInEnv(env: ContextSettings["env"]): string[] {
  const names = Object.values(env).map(referredName);
  return [...new Set(names.filter((name) => name !== undefined))];
}

function tellRefused(
  what: string,
  names: readonly string[],
  { context, settings, policy }: Grantee,
): string | undefined {
  const malformed = names.find((name) => !isSecretName(name));
  if (malformed !== undefined) {
    return `${what} refers to the secret "${malformed.slice(0, LONGEST_TOLD)}", which is no name of one: letters, digits, ".", "_" and "-", a letter or digit first, at most 128`;
  }
  const { net, secrets } = settings.permissions ?? { net: [], secrets: [] };
  const missing = names.filter((name) => !isCovered(name, secrets));
  if (missing.length > 0) {
    const grants = secrets.length === 0 ? "no secrets" : `the secrets ${secrets.join(", ")}`;
    const wanted = describe({ net, secrets: [...secrets, ...missing] });
    return `${what} refers to the secrets ${names.join(", ")}; context "${context}" grants ${grants}. Missing: ${missing.join(", ")}. Create the context with the settings ${wanted}`;
  }
  const forbidden = names.filter((name) => !isAllowed(name, { context, policy }));
  if (forbidden.length === 0) return undefined;
  return `${what} refers to the secrets ${names.join(", ")}; the node lets no context "${context}" have ${forbidden.join(", ")} (node.secrets.contexts)`;
}

function isAllowed(name: string, { context, policy }: { context: string; policy: SecretPolicy }): boolean {
  return Object.entries(policy).some(
    ([contexts, secrets]) => matchesName(contexts, context) && isCovered(name, secrets),
  );
}

function isCovered(name: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => matchesName(pattern, name));
}

function describe({ net, secrets }: Permissions): string {
  return JSON.stringify({ permissions: { ...(net.length > 0 && { net }), secrets } });
}
