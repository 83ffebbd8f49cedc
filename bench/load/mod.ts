/**
 * The load generator: a process of its own, so that its work and the server's are not told as one.
 * `main.ts` is that process; the other files are the clients that it can be.
 */
export { type Figures, type LoadSpec, measure } from "./measure.ts";
