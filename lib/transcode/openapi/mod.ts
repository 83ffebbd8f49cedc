/** The OpenAPI document of a transcoder. Imports the transcoder's bindings, and buf.validate's generated code. */
export type { RawTypes } from "./bodies.ts";
export { createOpenApi, type OpenApiOptions, type OperationExamples } from "./document.ts";
