import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";

/**
 * Takes a message that cannot be decoded for the caller's fault. connect-es says Internal of one in protobuf's encoding (and
 * InvalidArgument of one in JSON), as if the gateway had a bug; it aborts the call with that error before it answers with it.
 */
export function reportDecodeErrors({ signal }: Pick<HandlerContext, "signal">): void {
  signal.addEventListener("abort", () => {
    const { reason } = signal;
    if (!(reason instanceof ConnectError) || reason.code !== Code.Internal) return;
    if (reason.rawMessage.startsWith("parse binary: ")) Object.assign(reason, { code: Code.InvalidArgument });
  });
}
