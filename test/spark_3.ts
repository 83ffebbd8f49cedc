import { join } from "node:path";
import { chooseDistribution } from "../context-node/spark/install/versions.ts";
import { sparkCache } from "../context-node/spark/toolchain/mod.ts";
import { describeWith, findOnMachine } from "./spark.ts";

/** Where `npm run spark:install -- 3.5` puts Spark, unless HEARTH_TEST_SPARK_3 names another place. */
const { HEARTH_TEST_SPARK_3: named } = process.env;
const home = named || join(sparkCache(process.env), chooseDistribution("3.5").version);

/** Like `describeSpark`, with Spark 3.5. */
export const describeSpark3 = describeWith(await findOnMachine(home));
