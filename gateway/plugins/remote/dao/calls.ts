import type { DescMessage, DescMethodUnary, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { Outcome, Write, WriteSchema } from "../../../../proto/remote_plugin.ts";

/** The writes that there are, by their names in code. */
export type WriteName = NonNullable<Write["write"]["case"]>;

/** What a write is asked with. */
export type WriteInput<Name extends WriteName> = Extract<
  MessageInitShape<typeof WriteSchema>["write"],
  { case: Name }
>["value"];

/** What a write that was done answers. */
export type WriteAnswer<Name extends WriteName> = Extract<Outcome["outcome"], { case: Name }>["value"];

/** How a store asks the plugin: writes in their order, reads at any time. */
export interface DaoCalls {
  read<Input extends DescMessage, Output extends DescMessage>(
    method: DescMethodUnary<Input, Output>,
    request: MessageInitShape<Input>,
  ): Promise<MessageShape<Output>>;
  write<Name extends WriteName>(name: Name, input: WriteInput<Name>): Promise<WriteAnswer<Name>>;
}
