/**
 * Requests to URLs that callers name: to the public internet, and to no address inside that the configuration does not allow.
 * Imports nothing of the gateway.
 */
export { download } from "./download.ts";
export { literalAddress, sendRequest } from "./request.ts";
