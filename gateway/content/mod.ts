/** Content that nodes request on their sessions. */
export { serveContent } from "./serve.ts";
