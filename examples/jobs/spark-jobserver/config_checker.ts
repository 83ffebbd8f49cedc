import type { Job } from "hearth";

/** Answers the top-level keys of its config, that of the server included. */
export const ConfigCheckerJob: Job = ({ config }) => Object.keys(config);
