import { afterAll, beforeAll } from "vitest";
import { describeDao } from "../../test/contract/dao_suite.ts";
import { startTestPostgres, type TestPostgres } from "../../test/postgres/server.ts";
import { configSchema } from "./config.ts";
import postgres from "./mod.ts";

const log = { info() {}, warn() {} };

let server: TestPostgres;
let schemas = 0;

beforeAll(async () => {
  server = await startTestPostgres();
});

afterAll(() => server[Symbol.asyncDispose]());

describeDao("dao-postgres", async () => {
  schemas += 1;
  const config = configSchema.parse({ url: server.url, schema: `hearth_${schemas}`, poolSize: 3 });
  return {
    open: () => postgres.start({ config, log, signal: new AbortController().signal }),
    async [Symbol.asyncDispose]() {},
  };
});
