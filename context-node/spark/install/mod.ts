/** Downloads and installs Spark. Imports the toolchain only. */
export { findPip } from "./download.ts";
export { installSpark } from "./install.ts";
