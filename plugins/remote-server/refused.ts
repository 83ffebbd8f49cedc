import type { status } from "@grpc/grpc-js";

/** A call that is answered with a status of its own. */
export class CallRefused extends Error {
  override readonly name = "CallRefused";
  readonly code: status;

  constructor(message: string, code: status) {
    super(message);
    this.code = code;
  }
}
