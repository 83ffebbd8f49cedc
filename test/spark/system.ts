import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { parseConfig } from "../../gateway/config.ts";
import { startGateway } from "../../gateway/gateway.ts";
import blobsFs from "../../plugins/blobs-fs/mod.ts";
import daoSqlite from "../../plugins/dao-sqlite/mod.ts";
import { type Binary, BinarySchema, Runtime } from "../../proto/mod.ts";
import { createTemporaryDirectory } from "../contract/temporary_directory.ts";
import { createRestAs, type Rest } from "../http/rest.ts";
import { startTestNatsServer } from "../nats/server.ts";
import { startTestNode, type TestNode } from "../node/context_node.ts";
import { log } from "../silent_log.ts";

/** Two gateways and a node with a scripted Spark, in this process. Disposing it ends them and deletes what they kept. */
export interface SparkSystem extends AsyncDisposable {
  readonly natsUrl: string;
  readonly urls: readonly [string, string];
  /** Of the first gateway. */
  readonly rest: Rest;
  readonly node: TestNode;
  /** Stores a binary whose jar has this text, as an upload of it would. */
  addJar(name: string, text: string): Promise<Binary>;
}

export interface SparkSystemOptions {
  /** What the configuration of the gateways says, in a directory where it may keep files. */
  readonly configure?: ((directory: string) => Promise<object>) | undefined;
  /** Credentials of `rest`, if the gateways authenticate callers. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** Has a context `spark` of Spark, and a context `deno` of Deno. */
export async function startSparkSystem({ configure, headers = {} }: SparkSystemOptions = {}): Promise<SparkSystem> {
  await using stack = new AsyncDisposableStack();
  const nats = stack.use(await startTestNatsServer());
  const node = stack.use(await startTestNode({ natsUrl: nats.url }));
  const { path } = stack.use(await createTemporaryDirectory());
  const configFile = join(path, "config.json");
  await writeFile(configFile, JSON.stringify({ gateway: (await configure?.(path)) ?? {} }));
  const start = async (): Promise<string> => {
    const args = ["--nats", nats.url, "--listen", "127.0.0.1:0", "--data-dir", path, "--config", configFile];
    const gateway = stack.use(await startGateway(await parseConfig(args, {}), { log }));
    return `http://${gateway.address}`;
  };
  const urls = [await start(), await start()] as const;
  const started = { log: { info() {}, warn() {} }, signal: new AbortController().signal };
  const dao = stack.use(await daoSqlite.start({ ...started, config: { path: join(path, "hearth.sqlite") } }));
  const blobs = stack.use(await blobsFs.start({ ...started, config: { path: join(path, "blobs") } }));
  const rest = createRestAs(urls[0], headers);
  await Promise.all([rest.createContext("spark", { runtime: "SPARK" }), rest.createContext("deno")]);
  const owned = stack.move();
  return {
    natsUrl: nats.url,
    urls,
    rest,
    node,
    async addJar(name, text) {
      const { digest } = await blobs.put(Buffer.from(text));
      const { SPARK } = Runtime;
      const jar = {
        name,
        digest,
        bundleDigest: digest,

        runtime: SPARK,
        entryPoints: ["bundle", "stages", "keepFrame", "stubborn"],
      };
      return dao.binaries.insert(create(BinarySchema, jar));
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
