import type { ExecutorCommand, SandboxCommand } from "../sandbox/messages/protocol.ts";

/** Size of a command without its content, in bytes. */
const COMMAND_BYTES = 256;

/** Returns the approximate size of a command in the channel, in bytes. */
export function weighCommand(command: SandboxCommand): number {
  switch (command.type) {
    case "start":
      return command.executorCode.length;
    case "bundle":
      return command.code.length;
    case "forward":
      return weighMessage(command.message);
    default:
      return COMMAND_BYTES;
  }
}

function weighMessage(message: ExecutorCommand): number {
  switch (message.type) {
    case "run":
      return COMMAND_BYTES + message.config.length;
    case "dataChunk":
      return COMMAND_BYTES + message.base64.length;
    case "dataNames":
      return COMMAND_BYTES * (1 + message.names.length);
    default:
      return COMMAND_BYTES;
  }
}
