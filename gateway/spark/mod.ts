/**
 * spark-jobserver's REST API, as its clients know it: a thin layer over the use cases that the other faces call too. `routes.ts` is the
 * table of what is served, `endpoints/` calls the use cases, `view/` tells jobs and contexts in spark-jobserver's words, `hocon/`
 * reads what clients post, `http/` reads requests and writes answers. Imports the use cases, the contract and `proto`.
 */

export type { JsonObject } from "../../lib/hocon/mod.ts";
export { parseSparkConfig, settingFaults } from "./config.ts";
export { createSparkFace, type SparkFace } from "./handler.ts";
export { isSparkPath, ROUTES, type SparkRoute } from "./routes.ts";
export { printCallback } from "./view/callback.ts";
