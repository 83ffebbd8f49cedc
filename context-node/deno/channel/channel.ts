import type { Duplex } from "node:stream";
import type { LineScheduler, LineSource } from "../../line_scheduler.ts";
import { MAX_LINE_BYTES } from "../sandbox/messages/bounds.ts";
import { createOutbox } from "../sandbox/messages/outbox.ts";

const NEWLINE = 10;
const NOTHING: Buffer = Buffer.alloc(0);

/** Weight of what waits to be written, in bytes, beyond which nothing more is read. */
const MAX_UNWRITTEN_BYTES = 8 * 1024 * 1024;

/**
 * The node's end of the channel to a sandbox process: lines of JSON over a pipe, as Node's IPC writes them (`NODE_CHANNEL_FD`). The channel
 * of `child_process` itself throws in the event loop where a line is not JSON, and cannot stop reading.
 */
export interface Channel<Command> {
  /** Sends in order. While the sandbox leaves too much of it unread, nothing more is read from the sandbox. */
  send(command: Command): void;
  /** Reads nothing more until `resume`: what the sandbox sends waits in the pipe, and then in the sandbox. */
  pause(): void;
  resume(): void;
  /** The process is gone: reads what it left, paused or not. */
  finish(): void;
  readonly state: ChannelState;
}

export interface ChannelState {
  /** Lines read so far. */
  readonly lines: number;
  /** Whether lines wait here because the node takes in no more for now. */
  readonly isBehind: boolean;
  /** Whether the sandbox leaves too much unread. */
  readonly isClogged: boolean;
}

interface ChannelOptions<Command> {
  readonly scheduler: LineScheduler;
  /** One line, without its end. */
  line(line: string): void;
  /** The sandbox broke the form of the channel; nothing more is read. */
  malformed(message: string): void;
  /** About how many bytes a command takes. */
  weigh(command: Command): number;
}

export function openChannel<Command>(pipe: Duplex, options: ChannelOptions<Command>): Channel<Command> {
  const { scheduler, weigh } = options;
  /** Read and not taken in: the beginning of a line, and what follows it. */
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
  // The end of the process, which follows, says what there is to say.
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
