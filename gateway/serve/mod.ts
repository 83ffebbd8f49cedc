/** The one public port and what it answers. Imports `rpc` and `transcode`. */
export { createCors } from "./cors.ts";
export { listenOnOnePort, type OpenPort } from "./one_port.ts";
export { createOriginCheck } from "./origins.ts";
export { createStartingSurface } from "./starting.ts";
export { createSurfaces } from "./surfaces.ts";
export type { TlsFiles } from "./tls.ts";
