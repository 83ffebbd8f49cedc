import { execFileSync } from "node:child_process";
import {
  create,
  createFileRegistry,
  type DescMethod,
  type DescService,
  fromBinary,
  type Message,
  toJson,
} from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { type CallContext, createTranscoder, type Transcoder, type TranscoderOptions } from "../mod.ts";

const WORKSPACE = { version: "v2", modules: [{ path: "lib/transcode/testdata" }, { path: "proto/vendor" }] };

/** All of library.proto, compiled at run time. */
export const registry = createFileRegistry(
  fromBinary(
    FileDescriptorSetSchema,
    execFileSync(
      "node_modules/.bin/buf",
      ["build", ".", "--config", JSON.stringify(WORKSPACE), "--as-file-descriptor-set", "-o", "-"],
      { cwd: `${import.meta.dirname}/../../..`, maxBuffer: 16 * 1024 * 1024 },
    ),
  ),
);

export const library: DescService = known(registry.getService("library.v1.Library"));

export function methodOf(name: string): DescMethod {
  return known(library.methods.find((method) => method.name === name));
}

export function known<T>(value: T | undefined): T {
  if (value === undefined) {
    throw new Error("library.proto has no such thing");
  }
  return value;
}

/** Implementations of methods, by name. Any other method returns its request, or an empty message of another type. */
export type Methods = Readonly<
  Record<string, (request: Message, call: CallContext) => Promise<Message> | AsyncIterable<Message>>
>;

/** A transcoder of the library that records its calls as JSON. */
export function openLibrary(
  methods: Methods = {},
  options: Partial<TranscoderOptions> = {},
): { transcoder: Transcoder; calls: { method: string; request: unknown }[] } {
  const calls: { method: string; request: unknown }[] = [];
  const transcoder = createTranscoder({
    services: [library],
    invoke(method, request, call) {
      calls.push({ method: method.name, request: toJson(method.input, request) });
      const known = methods[method.name];
      return known === undefined ? answerDefault(method, request) : known(request, call);
    },
    ...options,
  });
  return { transcoder, calls };
}

function answerDefault(method: DescMethod, request: Message): Promise<Message> | AsyncIterable<Message> {
  const response = method.input === method.output ? request : create(method.output);
  return method.methodKind === "unary" ? Promise.resolve(response) : toStream([response]);
}

export async function* toStream<T>(items: readonly T[]): AsyncIterable<T> {
  yield* items;
}
