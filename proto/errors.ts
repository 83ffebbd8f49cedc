/**
 * The catalogue of API errors: every error that a call of Hearth can be answered with is made here.
 * Messages say `Cannot <verb> <thing> "<value>": <state>`, and where it helps what to do. An ErrorInfo detail of the domain
 * `hearth` carries the reason and values for programs.
 */
export * from "./errors/access.ts";
export * from "./errors/binaries.ts";
export * from "./errors/contexts.ts";
export { describeError, errorInfo } from "./errors/error.ts";
export * from "./errors/jobs.ts";
export * from "./errors/queries.ts";
export * from "./errors/requests.ts";
export * from "./errors/services.ts";
