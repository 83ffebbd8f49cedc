/** The gateway as a process. */
import pino from "pino";
import { ConfigurationError, closeFolder, PRIVATE_UMASK } from "../cluster/mod.ts";
import { type GatewayProcessConfig, parseConfig, USAGE } from "./config.ts";
import { startGateway } from "./gateway.ts";

process.umask(PRIVATE_UMASK);

const log = pino({ name: "gateway" });

try {
  const args = process.argv.slice(2);
  if (args.includes("--help")) console.log(USAGE);
  else {
    const config = await parseConfig(args, process.env);
    await (args.includes("--check") ? console.log("The configuration is right.") : run(config));
  }
} catch (error) {
  if (error instanceof ConfigurationError) console.error(error.message);
  else log.fatal({ err: error }, (error as Error).message);
  process.exitCode = 1;
}

async function run(config: GatewayProcessConfig): Promise<void> {
  log.level = config.logLevel;
  await closeFolder({ log }, config.dataDir);
  await using gateway = await startGateway(config, { log });
  // Whoever reads that it listens may end it at once.
  const ending = told();
  const auth = config.access?.auth.map(({ name }) => name) ?? [];
  log.info({ address: gateway.address, scheme: config.tls ? "https" : "http", auth }, "listening");
  await Promise.race([ending, gateway.closed]);
  log.info("draining");
  await gateway.drain();
}

/** Resolves when the process is told to end; told twice, it ends at once. */
function told(): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => process.exit(1));
      resolve();
    };
    for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, end);
  });
}
