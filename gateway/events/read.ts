import { type DescMessage, fromJsonString, type MessageShape } from "@bufbuild/protobuf";

/** The payload of an event is no such message: it is damaged, or of another program. Reading it again does not help. */
export class UnreadableEvent extends Error {
  override readonly name = "UnreadableEvent";
}

/**
 * Reads the payload of an event. What a newer node says beyond what this gateway knows is ignored. Throws an UnreadableEvent, with the
 * decoder's reason.
 */
export function readEvent<Schema extends DescMessage>(schema: Schema, payload: Uint8Array): MessageShape<Schema> {
  try {
    return fromJsonString(schema, new TextDecoder().decode(payload), { ignoreUnknownFields: true });
  } catch (cause) {
    throw new UnreadableEvent(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/** As `readEvent`; undefined for what cannot be read. */
export function tryReadEvent<Schema extends DescMessage>(
  schema: Schema,
  payload: Uint8Array,
): MessageShape<Schema> | undefined {
  try {
    return readEvent(schema, payload);
  } catch (error) {
    if (error instanceof UnreadableEvent) return undefined;
    throw error;
  }
}
