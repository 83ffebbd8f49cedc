import { resolve } from "node:path";
import { credentials, loadPackageDefinition, type ServiceClientConstructor } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import type { LoadClient, LoadSpec } from "./spec.ts";

const PROTO = resolve(import.meta.dirname, "..", "..", "proto");

/** gRPC by grpc-js, from the .proto files alone, as a user's program would. */
export async function openGrpcClient(spec: LoadSpec): Promise<LoadClient> {
  // A separate pool, because clients of one process would share a connection.
  const client = new (jobService())(new URL(spec.url).host, credentials.createInsecure(), {
    "grpc.use_local_subchannel_pool": 1,
  });
  const { job } = spec.body as { job: { config: unknown } };
  const request = { job: { ...job, config: toStruct(job.config) } };
  return {
    call() {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const call = client.RunJob;
      if (!call) throw new Error("JobService has no RunJob");
      call.call(client, request, (error: Error | null, response: unknown) => {
        if (error) return reject(error);
        const answer = JSON.stringify(response);
        answer.includes(spec.expect) ? resolve() : reject(new Error(answer));
      });
      return promise;
    },
    [Symbol.dispose]: () => client.close(),
  };
}

function jobService(): ServiceClientConstructor {
  const definition = loadSync("hearth/v1/job_service.proto", {
    includeDirs: [PROTO, resolve(PROTO, "vendor")],
    enums: String,
  });
  // grpc-js types a package as a union of all possible contents.
  const { hearth } = loadPackageDefinition(definition) as unknown as {
    hearth: { v1: { JobService: ServiceClientConstructor } };
  };
  return hearth.v1.JobService;
}

/** A JSON object as google.protobuf.Struct, which proto-loader does not convert. */
function toStruct(value: unknown): object {
  return { fields: Object.fromEntries(Object.entries(value as object).map(([name, each]) => [name, toValue(each)])) };
}

function toValue(value: unknown): object {
  switch (typeof value) {
    case "string":
      return { stringValue: value };
    case "number":
      return { numberValue: value };
    case "boolean":
      return { boolValue: value };
    default:
      if (Array.isArray(value)) return { listValue: { values: value.map(toValue) } };
      return value === null ? { nullValue: 0 } : { structValue: toStruct(value) };
  }
}
