/** The context node as a process. */
import pino from "pino";
import { parseConfig } from "./config.ts";
import { startNode } from "./node.ts";

const log = pino({ name: "node", level: process.env.LOG_LEVEL ?? "info" });

try {
  const config = parseConfig(process.argv.slice(2), process.env);
  await using node = await startNode(config, { log });
  // Whoever reads that it listens may end it at once.
  const ending = told();
  log.info({ address: node.address, node: node.id }, "listening");
  await Promise.race([ending, node.closed]);
  log.info("draining");
  await node.drain();
} catch (error) {
  log.fatal({ err: error }, (error as Error).message);
  process.exitCode = 1;
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
