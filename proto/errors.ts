/**
 * The catalogue of API errors: every error of a call to Hearth is created here. Messages have the form `Cannot <verb> <thing> "<value>":
 * <state>`, with advice where it helps. An ErrorInfo detail of the domain `hearth` has the reason and values for programs.
 */
export * from "./errors/access.ts";
export * from "./errors/binaries.ts";
export * from "./errors/contexts.ts";
export { describeError, errorInfo } from "./errors/error.ts";
export * from "./errors/jobs.ts";
export * from "./errors/queries.ts";
export * from "./errors/requests.ts";
export * from "./errors/services.ts";
