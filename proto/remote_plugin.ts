/** Plugins out of process: the messages of `hearth.plugin.v1`, and its services as grpc-js takes them. */
import { join } from "node:path";
import {
  type DescMessage,
  type DescService,
  fromBinary,
  type Message,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import type { MethodDefinition, ServiceDefinition } from "@grpc/grpc-js";
import { load } from "@grpc/proto-loader";

export * from "./gen/es/hearth/plugin/v1/auth_pb.js";
export * from "./gen/es/hearth/plugin/v1/blobs_pb.js";
export * from "./gen/es/hearth/plugin/v1/dao_pb.js";
export * from "./gen/es/hearth/plugin/v1/handshake_pb.js";

/** The trailer of a call that a store could not do, with the store's state. */
export const STORE_STATE_TRAILER = "hearth-store-state";

const PROTOS = import.meta.dirname;

/** Loads services from their .proto files: methods by name. Messages are protobuf-es', because proto-loader's drop unknown fields. */
export async function loadService(service: DescService): Promise<ServiceDefinition> {
  const loaded = await load(`${service.file.name}.proto`, { includeDirs: [PROTOS, join(PROTOS, "vendor")] });
  const definition = loaded[service.typeName] as ServiceDefinition;
  const methods = service.methods.map(({ name, input, output }): [string, MethodDefinition<Message, Message>] => {
    const method = definition[name] as MethodDefinition<object, object>;
    return [
      name,
      {
        ...method,
        requestSerialize: (message) => Buffer.from(toBinary(input, message)),
        requestDeserialize: (bytes) => fromBuffer(input, bytes),
        responseSerialize: (message) => Buffer.from(toBinary(output, message)),
        responseDeserialize: (bytes) => fromBuffer(output, bytes),
      },
    ];
  });
  return Object.fromEntries(methods);
}

/** Parses a message. Its `bytes` fields are plain byte arrays, as everywhere, rather than Buffers. */
export function fromBuffer<Desc extends DescMessage>(schema: Desc, bytes: Buffer): MessageShape<Desc> {
  return fromBinary(schema, new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
}
