/**
 * The services of `hearth.v1`, gRPC health and reflection, and the only entry to them. A method here only maps messages to calls of use
 * cases; every API (Connect, gRPC, gRPC-Web, REST) ends in `invoke`.
 */

export { createGrantReader } from "./authorization/grants.ts";
export { actionName } from "./authorization/guarded_method.ts";
export type { Call } from "./call.ts";
export { createHealth, type Problem, type Readiness } from "./health.ts";
export { createInvoke, type Invoke, type ServedService } from "./invoke.ts";
export { createReflection } from "./reflection/reflection.ts";
export { addRoutes, CALLER, mostBytes } from "./routes.ts";
export { PAGE_TOKEN_PATTERN } from "./services/paging.ts";
export { createServices, SERVICE_NAMES } from "./services/services.ts";
export { brokenRules, checkRules } from "./validation/rules.ts";
