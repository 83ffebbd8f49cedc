/** Gets a Spark for people who have none. Imports the toolchain and nothing of the other folders. */
export { type InstallOptions, installSpark } from "./install.ts";
export { SPARK_VERSIONS } from "./versions.ts";
