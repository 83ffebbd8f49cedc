import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";

/**
 * Reports a message that cannot be decoded as InvalidArgument. connect-es reports Internal for protobuf's binary encoding (but
 * InvalidArgument for JSON), as if the gateway had a bug. It aborts the call with the error before it sends it.
 */
export function reportDecodeErrors({ signal }: Pick<HandlerContext, "signal">): void {
  signal.addEventListener("abort", () => {
    const { reason } = signal;
    if (!(reason instanceof ConnectError) || reason.code !== Code.Internal) return;
    if (reason.rawMessage.startsWith("parse binary: ")) Object.assign(reason, { code: Code.InvalidArgument });
  });
}
