/**
 * The load generator, a separate process, so that its CPU time is not counted as the server's. `main.ts` is the process; the other files are
 * its clients.
 */
export { type Figures, type LoadSpec, measure } from "./measure.ts";
