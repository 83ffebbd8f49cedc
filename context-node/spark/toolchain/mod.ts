/** Finds Java and Spark on this machine, and compiles Scala with them: the driver, the API of jobs, examples. */
export { runBuild } from "./build_main.ts";
export { type Environment, sparkCache } from "./cache.ts";
export { compileScala } from "./compile.ts";
export { type CachingCompiler, compiledJar } from "./compiled_jar.ts";
export { apiJar, driverJar } from "./driver_jar.ts";
export { ToolchainError } from "./error.ts";
export { findJava, type Java } from "./find_java.ts";
export { findSpark, type Spark } from "./find_spark.ts";
export { findToolchain, type Toolchain, type ToolchainOptions } from "./find_toolchain.ts";
export { findLibraries, type MavenJar, mavenJar } from "./libraries.ts";
export { acquireLock } from "./lock.ts";
