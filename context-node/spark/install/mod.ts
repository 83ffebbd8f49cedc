/** Downloads and installs Spark. Imports the toolchain only. */
export { findPip } from "./download.ts";
export { type InstallOptions, installSpark } from "./install.ts";
export { SPARK_VERSIONS } from "./versions.ts";
