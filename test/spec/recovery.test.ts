import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { afterAll, beforeAll, test } from "vitest";
import { startTestNatsServer, type TestNatsServer } from "../nats/server.ts";
import { Gateways } from "./gateways.ts";
import { runTranscript } from "./transcript.ts";

let nats: TestNatsServer;

beforeAll(async () => {
  nats = await startTestNatsServer();
});

afterAll(() => nats?.[Symbol.asyncDispose]());

test.concurrent.each(globSync("recovery/*.txt", { cwd: import.meta.dirname }))("%s", async (file) => {
  await using gateways = await Gateways.start(nats.url);
  await runTranscript(readFileSync(join(import.meta.dirname, file), "utf8"), async (command) => {
    const run = gateways.commands[command.words[0] ?? ""];
    if (run === undefined) throw new Error(`${basename(file)}:${command.line}: no such command: ${command.text}`);
    return run(command);
  });
});
