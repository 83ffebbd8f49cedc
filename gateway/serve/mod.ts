/** The public port and its HTTP handlers. */

export { listenOnOnePort, type OpenPort } from "./connections/one_port.ts";
export type { TlsFiles } from "./connections/tls.ts";
export { createRequestHandler } from "./request_handler.ts";
export { createCors } from "./requests/cors.ts";
export { createOriginCheck } from "./requests/origins.ts";
export { createStartupHandler } from "./startup_handler.ts";
