import type { Job } from "hearth";

/** Returns the top-level keys of its config, including the server's. */
export const ConfigCheckerJob: Job = ({ config }) => Object.keys(config);
