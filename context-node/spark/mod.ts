/**
 * The Spark runtime: a context is a Spark application, whose driver is a JVM with the classes of `driver/` that connects back to the node.
 * Loaded where Spark is used only. `toolchain/` finds Java and Spark and compiles, `install/` gets Spark.
 */
export { startSparkRuntime } from "./spark_runtime.ts";
export { findJava, findSpark, type Java, type Spark, ToolchainError } from "./toolchain/mod.ts";
