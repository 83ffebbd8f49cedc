/** The context node as a process. */
import { flushCompileCache } from "node:module";
import { ConfigurationError, closeFolder, createLog, onEndRequest, PRIVATE_UMASK } from "../cluster/mod.ts";
import { type NodeProcessConfig, parseConfig, USAGE } from "./config.ts";
import { startNode } from "./node.ts";

process.umask(PRIVATE_UMASK);

const log = createLog("node");

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
  // Resources that failed to close must not keep the process alive.
  process.exit(1);
}

async function run(config: NodeProcessConfig): Promise<void> {
  log.level = config.logLevel;
  await closeFolder({ log }, config.dataDir);
  const { promise: asked, resolve: end } = Promise.withResolvers<undefined>();
  onEndRequest(process, () => end(undefined));
  const started = await Promise.race([startNode(config, { log }), asked]);
  if (started === undefined) {
    log.info("received a signal before listening");
    // Open resources end with the process: there is nothing to drain.
    process.exit(0);
  }
  await using node = started;
  log.info({ address: node.address, node: node.id }, "listening");
  // Flushed now: if the process is killed, the next start need not compile everything again.
  flushCompileCache();
  await Promise.race([asked, node.closed]);
  log.info("draining");
  await node.drain();
}
