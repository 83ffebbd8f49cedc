import { ContextEvent, JobEvent } from "./gen/grpc/hearth/v1/event.ts";
import { Node } from "./gen/grpc/hearth/v1/node_service.ts";
import { wellFormedJson } from "./nesting.ts";

/**
 * Numbers of 64 bits in what nodes publish, by the names of protobuf's JSON, which has them as text (https://protobuf.dev/programming-guides/json/).
 * The node plane's generator writes them as numbers, and all else as that mapping says.
 */
const JOB_EVENT_FIELDS = [
  ["succeeded", "result", "sizeBytes"],
  ...["progress", "lastProgress"].flatMap((progress) =>
    ["inputBytes", "outputBytes", "shuffleReadBytes", "shuffleWriteBytes", "executorTimeMs"].map((field) => [
      progress,
      "stages",
      field,
    ]),
  ),
];
const NODE_FIELDS = [
  ["load", "memoryBytes"],
  ["load", "promisedMemoryBytes"],
] as const;

/** A job's event as protobuf's JSON. */
export function printJobEvent(event: JobEvent): string {
  return print(JobEvent.toJSON(event), JOB_EVENT_FIELDS);
}

/** A context's event as protobuf's JSON. */
export function printContextEvent(event: ContextEvent): string {
  return print(ContextEvent.toJSON(event), []);
}

/** A node as protobuf's JSON. */
export function printNode(node: Node): string {
  return print(Node.toJSON(node), NODE_FIELDS);
}

function print(json: unknown, fields: readonly (readonly string[])[]): string {
  for (const path of fields) toText(json, path);
  return wellFormedJson(json);
}

/** Changes the JSON, which nobody else has. A path goes through all elements of a list. */
function toText(json: unknown, path: readonly string[]): void {
  if (Array.isArray(json)) {
    for (const element of json) toText(element, path);
    return;
  }
  const [name = "", ...rest] = path;
  if (typeof json !== "object" || json === null || !(name in json)) return;
  const members = json as Record<string, unknown>;
  if (rest.length > 0) toText(members[name], rest);
  else members[name] = String(members[name]);
}
