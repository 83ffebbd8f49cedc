import { CONTEXT, JOB } from "./hearth.ts";
import type { LoadSpec } from "./load/mod.ts";

/** One way to request a word count, measured at each number of connections. */
export interface Measurement extends Pick<LoadSpec, "client" | "path" | "body" | "expect"> {
  readonly name: string;
  readonly system: "hearth" | "bullmq" | "restate" | "echo";
}

const SPEC = { ...JOB, context: CONTEXT };
const RUN_JOB = { path: "/hearth.v1.JobService/RunJob", body: { job: SPEC }, expect: "SUCCEEDED" };

export const REST: Measurement = {
  name: "Hearth, REST",
  system: "hearth",
  client: "http",
  path: `/v1/contexts/${CONTEXT}/jobs:run`,
  body: JOB,
  expect: "SUCCEEDED",
};

const BULLMQ: Measurement = {
  name: "Fastify + BullMQ + Redis",
  system: "bullmq",
  client: "http",
  path: "/jobs",
  body: JOB.config,
  expect: '"see":1',
};

const RESTATE: Measurement = { ...BULLMQ, name: "Restate", system: "restate", path: "/Words/count" };

/** Alternatives to Hearth. */
const RIVALS: readonly Measurement[] = [BULLMQ, RESTATE];

const GRPC: Measurement = { name: "Hearth, gRPC by grpc-js", system: "hearth", client: "grpc", ...RUN_JOB };

const WATCH: Measurement = {
  name: "Hearth, submit and watch",
  system: "hearth",
  client: "watch",
  path: "/v1/jobs",
  body: SPEC,
  expect: '"succeeded"',
};

/** Two measurements to compare: the first divided by the second. */
export const COMPARISONS: readonly (readonly [Measurement, Measurement])[] = [
  ...RIVALS.map((rival) => [REST, rival] as const),
  [GRPC, REST],
  [WATCH, REST],
];

export const PLAN: readonly Measurement[] = [
  REST,
  { name: "Hearth, Connect by plain HTTP", system: "hearth", client: "http", ...RUN_JOB },
  { name: "Hearth, Connect by connect-node", system: "hearth", client: "connect", ...RUN_JOB },
  GRPC,
  WATCH,
  {
    ...REST,
    name: "Hearth, REST, job that reads a named object",
    body: { ...JOB, entryPoint: "ReadObject", config: { word: "word-4711" } },
  },
  ...RIVALS,
  { name: "bare Connect echo, plain HTTP", system: "echo", client: "http", ...RUN_JOB },
];
