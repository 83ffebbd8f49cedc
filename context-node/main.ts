/** The context node as a process. */
import pino from "pino";
import { ConfigurationError, closeFolder, PRIVATE_UMASK } from "../cluster/mod.ts";
import { type NodeProcessConfig, parseConfig, USAGE } from "./config.ts";
import { startNode } from "./node.ts";

process.umask(PRIVATE_UMASK);

const log = pino({ name: "node" });

try {
  const args = process.argv.slice(2);
  if (args.includes("--help")) console.log(USAGE);
  else {
    const config = parseConfig(args, process.env);
    await (args.includes("--check") ? console.log("The configuration is right.") : run(config));
  }
} catch (error) {
  if (error instanceof ConfigurationError) console.error(error.message);
  else log.fatal({ err: error }, (error as Error).message);
  process.exitCode = 1;
}

async function run(config: NodeProcessConfig): Promise<void> {
  log.level = config.logLevel;
  await closeFolder({ log }, config.dataDir);
  await using node = await startNode(config, { log });
  // Whoever reads that it listens may end it at once.
  const ending = told();
  log.info({ address: node.address, node: node.id }, "listening");
  await Promise.race([ending, node.closed]);
  log.info("draining");
  await node.drain();
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
