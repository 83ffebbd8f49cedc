import type { ExecutorCommand, SandboxCommand } from "../sandbox/messages/protocol.ts";

/** Bytes of a command beside its contents. */
const COMMAND_BYTES = 256;

/** About how many bytes a command takes in the channel. */
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
