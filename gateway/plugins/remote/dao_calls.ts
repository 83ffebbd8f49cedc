import type { DescMessage, DescMethodUnary, MessageInitShape, MessageShape } from "@bufbuild/protobuf";

type Call = <Input extends DescMessage, Output extends DescMessage>(
  method: DescMethodUnary<Input, Output>,
  request: MessageInitShape<Input>,
) => Promise<MessageShape<Output>>;

/** How a store asks the plugin: writes one after the other, reads at any time. */
export interface DaoCalls {
  readonly read: Call;
  readonly write: Call;
}
