/** What the errors of Node's sockets and name resolution mean. */
export { UNREACHABLE_CODES } from "./unreachable_codes.ts";
