import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { Script } from "node:vm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Job_State } from "../../../proto/mod.ts";
import { createTemporaryDirectory } from "../../contract/temporary_directory.ts";
import { createRest, createRestAs, type Rest } from "../../http/rest.ts";
import { findPython } from "../../plugins/python.ts";
import { type Hearth, startHearth } from "../../system/hearth.ts";

type Client = ChildProcessByStdio<null, Readable, Readable>;

const EXAMPLES = resolve(import.meta.dirname, "../../../examples");
const CLIENTS = join(EXAMPLES, "clients");
const WORD_COUNT = join(EXAMPLES, "jobs/word_count.ts");
const CONFIG = { input: { string: "a b c a b see" } };
const COUNTS = { a: 2, b: 2, c: 1, see: 1 };

const ENDLESS = `
export async function Endless({ signal, progress, log }) {
  log.info("it begins");
  for (let number = 0; !signal.aborted; number++) {
    progress(0.5, "half of it, " + number);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw signal.reason;
}`;

const { python, missing } = findPython(join(CLIENTS, "python/requirements.txt"));
if (missing !== undefined) console.warn(`The client in Python is not tested: ${missing}`);

let hearth: Hearth;
let rest: Rest;

beforeAll(async () => {
  hearth = await startHearth();
  rest = createRest(hearth.url);
});

afterAll(() => hearth?.[Symbol.asyncDispose]());

describe.skipIf(missing !== undefined)("the client in Python", () => {
  const start = (...args: string[]): Client =>
    startClient(python, ["python/run_job.py", "--server", new URL(hearth.url).host, ...args]);

  test("uploads a program, shows its progress and prints its result", async () => {
    const { code, output, errors } = await ended(start(WORD_COUNT, "WordCount", JSON.stringify(CONFIG)));
    expect({ code, result: JSON.parse(output) }).toEqual({ code: 0, result: COUNTS });
    expect(errors).toMatch(/^job \S+\n\[█{40}\] 100% counted\n$/);
  });

  test("says why a job was refused by its program", async () => {
    const { code, output, errors } = await ended(start(WORD_COUNT, "WordCount"));
    expect({ code, output }).toEqual({ code: 1, output: "" });
    expect(errors).toContain("REJECTED: The job's validate refused the config\n  No input.string config param");
  });

  test("says code and message of a call that failed", async () => {
    const { code, errors } = await ended(start("--context", "nothing", WORD_COUNT, "WordCount"));
    expect({ code, errors }).toEqual({
      code: 1,
      errors: 'NOT_FOUND: Cannot find context "nothing": no context has this name or id\n',
    });
  });

  test("cancels the job on Ctrl-C and ends when it has stopped", async () => {
    await using directory = await createTemporaryDirectory();
    const program = join(directory.path, "endless.js");
    await writeFile(program, ENDLESS);
    const client = start(program, "Endless");
    let told = "";
    for await (const line of createInterface(client.stderr)) {
      told += `${line}\n`;
      if (told.includes("half of it") && told.includes("it begins")) break;
    }
    client.kill("SIGINT");
    const [code] = await once(client, "exit");
    const [id = ""] = /(?<=job )\S+/.exec(told) ?? [];
    expect({ code, state: Job_State[(await rest.job(id)).state] }).toEqual({ code: 130, state: "CANCELLED" });
  });
});

test("the NATS subscriber prints each event once, also those published while it was disconnected", async () => {
  await rest.upload("words", await readFile(WORD_COUNT, "utf8"));
  const spec = { binary: "words", entryPoint: "WordCount", config: CONFIG };
  const told: string[] = [];
  for (const _ of ["from the beginning", "where it stopped"]) {
    const { job } = await rest.run(spec);
    const client = startClient(process.execPath, ["nats/job_events.ts", hearth.natsUrl, "test"]);
    for await (const line of createInterface(client.stdout)) {
      const [time = "", type, id, ...payload] = line.split(" ");
      told.push(id ?? "");
      if (!id?.startsWith(job.id) || type !== "hearth.v1.job.succeeded") continue;
      expect(new Date(time).toISOString()).toBe(time);
      expect(JSON.parse(payload.join(" "))).toMatchObject({ jobId: job.id, succeeded: { value: COUNTS } });
      break;
    }
    const exited = once(client, "exit");
    client.kill("SIGINT");
    expect(await exited).toEqual([0, null]);
    // One, or `running` before it on a machine that is busy.
    const ids = told.filter((each) => each.startsWith(job.id));
    expect(ids).toEqual(ids.map((_, index) => `${job.id}/1/${index + 1}`));
  }
  expect(new Set(told).size).toBe(told.length);
});

describe("the page", () => {
  test("has a script that is JavaScript and finds its elements", async () => {
    const page = await readFile(join(CLIENTS, "browser/index.html"), "utf8");
    const [, script = ""] = /<script>(.*)<\/script>/s.exec(page) ?? [];
    expect(new Script(script)).toBeInstanceOf(Script);
    const ids = Array.from(page.matchAll(/ id="(\w+)"/g), ([, id]) => id);
    const [, names = ""] = /const \{ (.*?) \} = Object\.fromEntries/.exec(script) ?? [];
    expect(names.split(", ")).toEqual(ids);
  });

  test("may call the API from its own origin and read events as they arrive", async () => {
    const origin = "http://localhost:8000";
    const page = createRestAs(hearth.url, { origin });
    const { body, headers } = await page.call("PUT", "/v1/binaries/page", ENDLESS);
    expect(body).toMatchObject({ name: "page", version: 1 });
    expect(headers.get("access-control-allow-origin")).toBe(origin);
    const { id } = await page.submit({ binary: "page@1" });
    const events = await fetch(`${hearth.url}/v1/jobs/${id}/events`, {
      headers: { accept: "text/event-stream", origin },
    });
    expect(events.headers.get("access-control-allow-origin")).toBe(origin);
    let read = "";
    for await (const piece of events.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      read += piece;
      if (!read.includes("half of it")) continue;
      await page.call("POST", `/v1/jobs/${id}:cancel`);
      break;
    }
    expect(read).toMatch(/^id: 1\nevent: running\ndata: \{/);
    expect(Job_State[(await page.job(id)).state]).toBe("CANCELLED");
  });
});

/** Starts a client of the examples, which ends by itself or is ended after a minute. */
function startClient(command: string, [file = "", ...args]: string[]): Client {
  return spawn(command, [join(CLIENTS, file), ...args], { stdio: ["ignore", "pipe", "pipe"], timeout: 60_000 });
}

async function ended(client: Client): Promise<{ code: number | null; output: string; errors: string }> {
  const [output, errors, [code]] = await Promise.all([text(client.stdout), text(client.stderr), once(client, "close")]);
  return { code, output, errors };
}
