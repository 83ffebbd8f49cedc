import { type DescMessage, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { sizeAtMost } from "../../../proto/mod.ts";

/** Maximum size of a message that gRPC clients accept by default, in bytes. */
export const GRPC_MESSAGE_BYTES = 4 * 1024 * 1024;

/** Size of a message in binary encoding if it exceeds a limit, otherwise undefined. Encodes only messages that may exceed it. */
export function sizeOver<Desc extends DescMessage>(
  desc: Desc,
  message: MessageShape<Desc>,
  mostBytes: number,
): number | undefined {
  if (sizeAtMost(message) <= mostBytes) return undefined;
  const sizeBytes = toBinary(desc, message).length;
  return sizeBytes > mostBytes ? sizeBytes : undefined;
}

/** Whether a call came by gRPC or gRPC-Web, whose clients limit the size of messages. */
export function isGrpc(requestHeader: Headers): boolean {
  return requestHeader.get("content-type")?.startsWith("application/grpc") ?? false;
}
