import { type DescMessage, fromJson, type JsonValue, type MessageShape } from "@bufbuild/protobuf";
import {
  type Binary,
  BinarySchema,
  type Context,
  ContextSchema,
  type Job,
  Job_State,
  JobSchema,
} from "../../proto/mod.ts";
import { until } from "../until.ts";

/** A response of the REST API. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: JsonValue;
}

/** A client of `/v1` with `fetch` alone. */
export interface Rest {
  /** Sends a request; a body that is a string or bytes goes as it is, another as JSON. */
  call(method: string, path: string, body?: unknown): Promise<Answer>;
  upload(name: string, source: string | Uint8Array<ArrayBuffer>): Promise<Binary>;
  createContext(name: string, settings?: object): Promise<Context>;
  /** Runs a job to its end; resolves with the job and its result. */
  run(spec: object): Promise<{ job: Job; result: JsonValue | undefined }>;
  submit(spec: object): Promise<Job>;
  job(id: string): Promise<Job>;
  /** Polls a job until it is in this state, or in one for which the function returns true. */
  untilState(id: string, wanted: Job_State | ((state: Job_State) => boolean)): Promise<Job>;
}

export function createRest(url: string): Rest {
  return createRestAs(url, {});
}

/** `credentials` are headers of every request. */
export function createRestAs(url: string, credentials: Readonly<Record<string, string>>): Rest {
  const call: Rest["call"] = async (method, path, body) => {
    const isRaw = typeof body === "string" || body instanceof Uint8Array;
    const response = await fetch(url + path, {
      method,
      ...(body === undefined
        ? {}
        : { body: isRaw ? (body as NonNullable<RequestInit["body"]>) : JSON.stringify(body) }),
      headers: { ...credentials, ...(isRaw || body === undefined ? {} : { "content-type": "application/json" }) },
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === "" ? null : JSON.parse(text) };
  };
  const ask = async <Schema extends DescMessage>(
    schema: Schema,
    ...request: Parameters<Rest["call"]>
  ): Promise<MessageShape<Schema>> => {
    const { status, body } = await call(...request);
    if (status !== 200) throw new Error(`${request[0]} ${request[1]} answered ${status}: ${JSON.stringify(body)}`);
    return fromJson(schema, body);
  };
  const job: Rest["job"] = (id) => ask(JobSchema, "GET", `/v1/jobs/${id}`);
  return {
    call,
    upload: (name, source) => ask(BinarySchema, "PUT", `/v1/binaries/${name}`, source),
    createContext: (name, settings = {}) => ask(ContextSchema, "POST", "/v1/contexts", { name, settings }),
    async run(spec) {
      const { status, body } = await call("POST", "/v1/jobs:run", spec);
      if (status !== 200) throw new Error(`The run answered ${status}: ${JSON.stringify(body)}`);
      const { job, result } = body as { job: JsonValue; result?: JsonValue };
      return { job: fromJson(JobSchema, job), result };
    },
    submit: (spec) => ask(JobSchema, "POST", "/v1/jobs", spec),
    job,
    async untilState(id, wanted) {
      const isWanted = typeof wanted === "function" ? wanted : (state: Job_State) => state === wanted;
      let found: Job | undefined;
      await until(
        `job ${id} is ${typeof wanted === "function" ? "in a wanted state" : Job_State[wanted]}`,
        async () => {
          found = await job(id);
          return isWanted(found.state);
        },
      );
      return found ?? job(id);
    },
  };
}
