import type { ContextSettings } from "../../proto/node.ts";
import type { Runtime, Sandbox, SandboxSpec } from "../runtime/mod.ts";
import type { ReadSecret } from "./folder.ts";
import { KnownSecrets, readSecrets } from "./known_secrets.ts";
import { referredName } from "./references.ts";
import { type Grantee, namesInEnv, type SecretPolicy, tellRefusedEnv } from "./secret_grants.ts";
import { guardSandbox } from "./secret_sandbox.ts";

interface SecretDeps {
  readonly read: ReadSecret;
  readonly policy: SecretPolicy;
}

/**
 * Decorates a runtime with secrets: contexts and jobs get the values that they refer to and may have, and reports are redacted. A sandbox
 * is refused when its `env` refers to a secret that it may not have or that is unavailable. Disposal disposes the runtime.
 */
export function withSecrets(runtime: Runtime, { read, policy }: SecretDeps): Runtime {
  return {
    async startSandbox(spec, options): Promise<Sandbox> {
      const grantee = { context: spec.name, settings: spec.settings, policy };
      const known = new KnownSecrets();
      const env = await resolveEnv(read, grantee, known);
      const resolved: SandboxSpec = { ...spec, settings: { ...spec.settings, env } };
      return guardSandbox(await runtime.startSandbox(resolved, options), { read, grantee, known });
    },
    [Symbol.asyncDispose]: () => runtime[Symbol.asyncDispose](),
  };
}

async function resolveEnv(read: ReadSecret, grantee: Grantee, known: KnownSecrets): Promise<ContextSettings["env"]> {
  const { env } = grantee.settings;
  const names = namesInEnv(env);
  if (names.length === 0) return env;
  const refused = tellRefusedEnv(grantee);
  if (refused !== undefined) throw new Error(refused);
  const secrets = await readSecrets(read, names, known);
  const entries = Object.entries(env).map(([name, value]) => [name, secrets.get(referredName(value) ?? "") ?? value]);
  return Object.fromEntries(entries);
}
