/** Requests to URLs that callers name. They reach public addresses, and others only where the configuration allows them. */
export { download } from "./download.ts";
export { literalAddress, sendRequest } from "./request.ts";
