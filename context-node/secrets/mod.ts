/**
 * Secrets: `secret:NAME` in the config of a job, or in a context's `env`, becomes the content of a file of this node, and is taken out
 * again of whatever the job says. Stands between contexts and their runtime. May import `proto` and the runtime's interface.
 */
export { createSecretFolder } from "./folder.ts";
export { type SecretPolicy, tellRefusedEnv } from "./grants.ts";
export { withSecrets } from "./runtime.ts";
