import type { Duplex } from "node:stream";
import type { LineScheduler, LineSource } from "../../line_scheduler.ts";
import { MAX_LINE_BYTES } from "../sandbox/messages/bounds.ts";
import { createOutbox } from "../sandbox/messages/outbox.ts";

const NEWLINE = 10;
const NOTHING: Buffer = Buffer.alloc(0);

/** Size of unwritten commands above which the node stops reading from the sandbox, in bytes. */
const MAX_UNWRITTEN_BYTES = 8 * 1024 * 1024;

/**
 * The node's end of the channel to a sandbox process: lines of JSON over a pipe, in the format of Node's IPC (`NODE_CHANNEL_FD`). The channel
 * of `child_process` is not used: it throws in the event loop if a line is not JSON, and cannot pause reading.
 */
export interface Channel<Command> {
  /** Sends in order. While too many commands are unread, nothing more is read from the sandbox. */
  send(command: Command): void;
  /** Stops reading until `resume`. Reports then wait in the pipe, and in the sandbox. */
  pause(): void;
  resume(): void;
  /** Reads the remaining lines of an ended process, even while paused. */
  finish(): void;
  readonly state: ChannelState;
}

export interface ChannelState {
  /** Number of lines read. */
  readonly lines: number;
  /** Whether lines wait to be processed by the node. */
  readonly isBehind: boolean;
  /** Whether too many commands are unread by the sandbox. */
  readonly isClogged: boolean;
}

interface ChannelOptions<Command> {
  readonly scheduler: LineScheduler;
  /** Called with each line, without its newline. */
  line(line: string): void;
  /** Called when the sandbox breaks the format of the channel; nothing more is read. */
  malformed(message: string): void;
  /** Returns the approximate size of a command, in bytes. */
  weigh(command: Command): number;
}

export function openChannel<Command>(pipe: Duplex, options: ChannelOptions<Command>): Channel<Command> {
  const { scheduler, weigh } = options;
  /** Data that was read but not processed: the start of a line, and the rest. */
  let partial: Buffer[] = [];
  let partialBytes = 0;
  let rest = NOTHING;
  let lines = 0;
  let unwritten = 0;
  let isPaused = false;
  let isFinishing = false;
  let isClosed = false;

  const isHeld = (): boolean => !isFinishing && (isPaused || unwritten > MAX_UNWRITTEN_BYTES);

  const source: LineSource = {
    takeLine() {
      if (isHeld() || isClosed) return false;
      const line = nextLine();
      if (line !== undefined) options.line(line);
      else if (!isClosed) pipe.resume();
      return line !== undefined;
    },
  };

  function nextLine(): string | undefined {
    const end = rest.indexOf(NEWLINE);
    const piece = end === -1 ? rest : rest.subarray(0, end);
    partialBytes += piece.length;
    if (partialBytes > MAX_LINE_BYTES) {
      close();
      options.malformed(`a line of more than ${MAX_LINE_BYTES} bytes`);
      return undefined;
    }
    if (piece.length > 0) partial.push(piece);
    rest = end === -1 ? NOTHING : rest.subarray(end + 1);
    if (end === -1) return undefined;
    lines += 1;
    const [only = NOTHING] = partial;
    const line = (partial.length > 1 ? Buffer.concat(partial) : only).toString();
    partial = [];
    partialBytes = 0;
    return line;
  }

  function close(): void {
    isClosed = true;
    partial = [];
    rest = NOTHING;
    pipe.destroy();
  }

  pipe.on("data", (chunk: Buffer) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    scheduler.offer(source);
    if (rest.length > 0 || isHeld()) pipe.pause();
  });
  // The process ends next; its end carries the reason.
  pipe.on("error", close);

  const { post } = createOutbox<Command>((commands, sent) => {
    if (isClosed || !pipe.writable) return;
    pipe.write(`${JSON.stringify(commands)}\n`, () => {
      const wasHeld = isHeld();
      for (const command of commands) unwritten -= weigh(command);
      if (wasHeld && !isHeld()) scheduler.offer(source);
      sent();
    });
  });
  return {
    send(command) {
      unwritten += weigh(command);
      post(command);
    },
    pause() {
      isPaused = true;
    },
    resume() {
      isPaused = false;
      scheduler.offer(source);
    },
    finish() {
      isFinishing = true;
      scheduler.offer(source);
    },
    state: {
      get lines() {
        return lines;
      },
      get isBehind() {
        return isPaused || rest.length > 0;
      },
      get isClogged() {
        return unwritten > MAX_UNWRITTEN_BYTES;
      },
    },
  };
}
