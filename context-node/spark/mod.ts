/**
 * The Spark runtime: a context is a Spark application, whose driver is a JVM with the classes of `driver/` that connects back to the node.
 * A node loads it only where it uses Spark.
 * `settings/` plans the application of a context, `launch/` builds the command line of its driver, `process/` starts and ends the driver,
 * `protocol/` is the connection to it, `runs/` are the jobs in it. `toolchain/` finds Java and Spark and compiles, `install/` downloads Spark.
 */
export { startSparkRuntime } from "./spark_runtime.ts";
export { findJava, findSpark, type Java, type Spark, ToolchainError } from "./toolchain/mod.ts";
