/** The one public port and what it answers. Imports `rpc` and `transcode`. */

export { listenOnOnePort, type OpenPort } from "./connections/one_port.ts";
export type { TlsFiles } from "./connections/tls.ts";
export { createCors } from "./requests/cors.ts";
export { createOriginCheck } from "./requests/origins.ts";
export { createStartingSurface } from "./starting.ts";
export { createSurfaces } from "./surfaces.ts";
