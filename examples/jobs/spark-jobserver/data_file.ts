import type { Job } from "hearth";

interface DataFileConfig {
  /** Name that `POST /data/<prefix>` returned. */
  readonly testFile?: unknown;
}

/** Reads a data file and returns its name. */
export const RemoteDataFileJob: Job<DataFileConfig, string> = {
  validate: ({ config }) => (typeof config.testFile === "string" ? undefined : "No testFile config param"),
  async run({ config, data, log }) {
    const name = String(config.testFile);
    const bytes = await data.bytes(name);
    log.info(`${name} has ${bytes.length} bytes`);
    return name;
  },
};
