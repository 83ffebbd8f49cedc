import type { Job } from "hearth";

/** The smallest job: a function. Returns `"Hi!"`, or greets `name`. */
export const Hello: Job<{ name?: string }, string> = ({ config }) => (config.name ? `Hi, ${config.name}!` : "Hi!");

/** spark-jobserver's name for it. */
export const JavaHelloWorldJob = Hello;
