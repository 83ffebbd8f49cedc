import { type DescMessage, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { sizeAtMost } from "../../../proto/mod.ts";

/** The largest message that clients of gRPC take unless they are configured otherwise, in bytes. */
export const GRPC_MESSAGE_BYTES = 4 * 1024 * 1024;

/** The size of a message in protobuf's encoding when it is over a limit, else undefined. Encodes only what may be over it. */
export function sizeOver<Desc extends DescMessage>(
  desc: Desc,
  message: MessageShape<Desc>,
  mostBytes: number,
): number | undefined {
  if (sizeAtMost(message) <= mostBytes) return undefined;
  const sizeBytes = toBinary(desc, message).length;
  return sizeBytes > mostBytes ? sizeBytes : undefined;
}

/** Whether a call came by gRPC or gRPC-Web, whose clients bound what they take. */
export function isGrpc(requestHeader: Headers): boolean {
  return requestHeader.get("content-type")?.startsWith("application/grpc") ?? false;
}
