import type { DescMessage, DescMethodUnary, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { Outcome, Write, WriteSchema } from "../../../../proto/remote_plugin.ts";

/** Names of the writes, as in the generated code. */
export type WriteName = NonNullable<Write["write"]["case"]>;

/** Input of a write. */
export type WriteInput<Name extends WriteName> = Extract<
  MessageInitShape<typeof WriteSchema>["write"],
  { case: Name }
>["value"];

/** Result of a successful write. */
export type WriteAnswer<Name extends WriteName> = Extract<Outcome["outcome"], { case: Name }>["value"];

/** Calls of a DAO to the plugin: writes in order, reads at any time. */
export interface DaoCalls {
  read<Input extends DescMessage, Output extends DescMessage>(
    method: DescMethodUnary<Input, Output>,
    request: MessageInitShape<Input>,
  ): Promise<MessageShape<Output>>;
  write<Name extends WriteName>(name: Name, input: WriteInput<Name>): Promise<WriteAnswer<Name>>;
}
