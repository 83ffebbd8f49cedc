/** A program that replaces the JVM of a driver. The main class of a run names the script that it plays. */
import { connect } from "node:net";
import type { NodeMessage } from "../protocol/driver_protocol.ts";
import { openDriverEnd } from "./driver_end.ts";

const [host = "", port] = process.argv.slice(-2);
const { HEARTH_DRIVER_TOKEN: token = "", HEARTH_SPARE, ...env } = process.env;
const isSpare = HEARTH_SPARE === "warm";
const socket = connect({ host, port: Number(port) });
const { contents, send, sendPart } = openDriverEnd(socket, receive);
const conflicting = new Set<string>();
let isStopIgnored = false;

const error = { name: "java.lang.Error", message: "it failed", stack: "java.lang.Error: it failed" };

type RunCommand = Extract<NodeMessage, { type: "run" }>;

/** Scripts by main class; `sql` for queries. */
const SCRIPTS: Readonly<Record<string, (command: RunCommand) => void>> = {
  echo({ run, config }) {
    send({ type: "validating", run });
    send({ type: "running", run });
    send({ type: "log", run, lines: [{ time: 1, level: "WARN", text: "a line \ud800" }] });
    send({ type: "progress", run, fraction: 0.5, message: "stage 1", stages: [] });
    send({ type: "succeeded", run, json: config });
  },
  environment({ run }) {
    send({ type: "running", run });
    send({
      type: "succeeded",
      run,
      json: JSON.stringify({ env, cwd: process.cwd(), args: process.argv.slice(2), isSpare }),
    });
  },
  reject: ({ run }) => send({ type: "rejected", run, problems: ["no", "never"] }),
  fail: ({ run }) => send({ type: "failed", run, reason: "LOAD_FAILED", error }),
  stubborn: ({ run }) => send({ type: "running", run }),
  obedient: ({ run }) => send({ type: "running", run }),
  exit: () => process.exit(0),
  crash() {
    process.stderr.write("something broke\n");
    process.exit(7);
  },
  heap() {
    process.stdout.write("Terminating due to java.lang.OutOfMemoryError: Java heap space\n");
    process.exit(3);
  },
  lost() {
    send({ type: "lost", message: "the master removed it" });
    socket.end(() => process.exit(3));
  },
  hang() {
    send({ type: "lost", message: "a job stopped it" });
    isStopIgnored = true;
  },
  forge: () => send({ type: "running", run: 999 }),
  early: ({ run }) => send({ type: "succeeded", run, json: "1" }),
  conflict({ run, work }) {
    if (work.type !== "job") return;
    const [jar] = work.jars;
    if (conflicting.size === 0) SCRIPTS["echo"]?.({ run, config: "1" } as RunCommand);
    else if (conflicting.has(jar?.digest ?? "")) SCRIPTS["echo"]?.({ run, config: "2" } as RunCommand);
    else return send({ type: "conflict", run, message: "class a.B differs" });
    conflicting.add(jar?.digest ?? "");
  },
  lateConflict({ run }) {
    send({ type: "validating", run });
    send({ type: "conflict", run, message: "class a.B differs" });
  },
  alwaysConflict: ({ run }) => send({ type: "conflict", run, message: "class a.B differs" }),
  stream({ run, config }) {
    const { parts = 3, mediaType = "application/octet-stream" } = JSON.parse(config);
    send({ type: "running", run });
    send({ type: "resultBegun", run, mediaType });
    for (let part = 0; part < parts; part++) sendPart(run, Buffer.from(`part ${part}\n`));
    send({ type: "streamed", run });
  },
  overrun({ run }) {
    send({ type: "running", run });
    send({ type: "resultBegun", run, mediaType: "application/octet-stream" });
    for (let part = 0; part < 5; part++) sendPart(run, Buffer.alloc(512 * 1024));
  },
  fetch({ run, work }) {
    send({ type: "running", run });
    const digest = work.type === "job" ? work.jars[0]?.digest : "";
    ask(run, { type: "fetch", digest }, (bytes, failure) =>
      send({ type: "succeeded", run, json: JSON.stringify({ text: bytes.toString(), failure }) }),
    );
  },
  fetchOther({ run }) {
    send({ type: "running", run });
    ask(run, { type: "fetch", digest: "sha256:other" }, (_bytes, failure) =>
      send({ type: "succeeded", run, json: JSON.stringify({ failure }) }),
    );
  },
  data({ run, config }) {
    send({ type: "running", run });
    const { name } = JSON.parse(config);
    const question = name === undefined ? { type: "dataList" } : { type: "dataOpen", name };
    ask(run, question, (bytes, failure) =>
      send({ type: "succeeded", run, json: JSON.stringify({ text: bytes.toString(), failure }) }),
    );
  },
  sql({ run, work }) {
    send({ type: "running", run });
    send({ type: "resultBegun", run, mediaType: "application/x-ndjson" });
    sendPart(run, Buffer.from(`{"schema": {}}\n${JSON.stringify(work)}`));
    sendPart(run, Buffer.from('\n{"truncated": false, "rows": 1}\n'));
    send({ type: "streamed", run });
  },
  starve({ run }) {
    send({ type: "running", run });
    send({
      type: "log",
      run: 0,
      lines: [{ time: 1, level: "WARN", text: "TaskSchedulerImpl: Initial job has not accepted any resources" }],
    });
    send({ type: "succeeded", run, json: "1" });
    send({ type: "log", run, lines: [{ time: 1, level: "INFO", text: "late" }] });
  },
};

const asked = new Map<number, (bytes: Buffer, failure: string | undefined) => void>();

function ask(request: number, question: object, answered: (bytes: Buffer, failure: string | undefined) => void): void {
  asked.set(request, answered);
  send({ ...question, request });
}

function begin({ conf, contextName }: Extract<NodeMessage, { type: "init" }>): void {
  if (contextName === "refused") return send({ type: "notReady", message: "the master refused", stack: "" });
  if (contextName === "nameless")
    return send({ type: "notReady", message: "", stack: "java.lang.NoClassDefFoundError: X\n\tat" });
  if (contextName === "silent") return;
  if (contextName === "dies") process.exit(9);
  send({ type: "ready", applicationId: "app-1", uiUrl: "http://127.0.0.1:4040", master: conf["spark.master"] });
}

const named = new Map([
  ["squares", 16],
  ["cubes", 64],
]);

function objects({ request, drop }: Extract<NodeMessage, { type: "objects" }>): void {
  const listed = [...named].filter(([name]) => drop === undefined || name === drop);
  if (drop !== undefined) named.delete(drop);
  send({
    type: "objects",
    request,
    objects: listed.map(([name, memoryBytes]) => ({
      ...{ name, kind: "RDD", storageLevel: "Memory", partitions: 2, cachedPartitions: 2, memoryBytes, diskBytes: 0 },
      createTime: 1000,
    })),
  });
}

function receive(message: NodeMessage): void {
  switch (message.type) {
    case "init":
      return begin(message);
    case "run": {
      const { work } = message;
      return SCRIPTS[work.type === "sql" ? "sql" : work.main]?.(message);
    }
    case "abort":
      if (message.reason === "cancelled") send({ type: "failed", run: message.run, reason: "THROWN", error });
      return;
    case "objects":
      return objects(message);
    case "contentEnd": {
      const bytes = Buffer.concat(contents.get(message.request) ?? []);
      return asked.get(message.request)?.(bytes, message.error);
    }
    case "stop":
      if (!isStopIgnored) process.exit(0);
      return;
    default:
      return;
  }
}

socket.on("close", () => process.exit(3));
send({ type: "hello", token, pid: process.pid, java: "17", spark: "4.3.0", scala: "2.13" });
if (isSpare) send({ type: "spare" });
setInterval(() => send({ type: "beat" }), 1000);
