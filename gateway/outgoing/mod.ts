/**
 * Requests to URLs that callers name: to the public internet, and to those internal addresses that the configuration allows. Imports
 * nothing of the gateway.
 */
export { download } from "./download.ts";
export { literalAddress, sendRequest } from "./request.ts";
