import { type DescMessage, fromJsonString, type MessageShape } from "@bufbuild/protobuf";

/** Reads the payload of an event. A newer node may tell more than this gateway knows; that is passed over. */
export function readEvent<Schema extends DescMessage>(schema: Schema, payload: Uint8Array): MessageShape<Schema> {
  return fromJsonString(schema, new TextDecoder().decode(payload), { ignoreUnknownFields: true });
}
