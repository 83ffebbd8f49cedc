/**
 * spark-jobserver's REST API, as its clients know it: a thin layer over the use cases that the other APIs call too. `routes.ts` is the
 * table of routes, `endpoints/` calls the use cases, `view/` renders jobs and contexts in spark-jobserver's terms, and `http/` reads
 * requests and writes responses.
 */

export type { JsonObject } from "../../lib/hocon/mod.ts";
export { parseSparkConfig, settingProblems } from "./config.ts";
export { createSparkHandler, type SparkHandler } from "./handler.ts";
export { isSparkPath, ROUTES, type SparkRoute } from "./routes.ts";
export { printCallback } from "./view/callback.ts";
