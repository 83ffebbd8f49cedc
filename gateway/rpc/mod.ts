/**
 * The services of `hearth.v1`, gRPC health and reflection, and the one way into them. A method here only turns messages into
 * calls of use cases; every surface (Connect, gRPC, gRPC-Web, REST) ends in `invoke`.
 */
export type { Call } from "./call.ts";
export { createGrantReader } from "./grants.ts";
export { actionName } from "./guarded.ts";
export { createHealth, type Problem, type Readiness } from "./health.ts";
export { createInvoke, type Invoke, type ServedService } from "./invoke.ts";
export { PAGE_TOKEN_PATTERN } from "./paging.ts";
export { createReflection } from "./reflection.ts";
export { addRoutes, CALLER, mostBytes } from "./routes.ts";
export { brokenRules, checkRules } from "./rules.ts";
export { createServices, SERVICE_NAMES } from "./services.ts";
