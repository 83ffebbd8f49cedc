import type { Socket } from "node:net";
import { FrameReader, parsePart } from "../protocol/driver_frames.ts";
import { Kind, LARGEST_NODE_FRAME_BYTES, type NodeMessage } from "../protocol/driver_protocol.ts";

/** The driver's end of a connection to a node. It sends any message, valid or not. */
export interface DriverEnd {
  /** Parts of contents received so far, by request. */
  readonly contents: Map<number, Buffer[]>;
  send(message: object): void;
  sendFrame(kind: number, payload: Uint8Array): void;
  sendPart(run: number, bytes: Uint8Array): void;
}

/** Opens the end, and calls `receive` with each message of the node. */
export function openDriverEnd(socket: Socket, receive: (message: NodeMessage) => void): DriverEnd {
  const reader = new FrameReader(LARGEST_NODE_FRAME_BYTES);
  const contents = new Map<number, Buffer[]>();
  socket.on("data", (chunk: Buffer) => {
    reader.push(chunk);
    for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
      if (frame.kind === Kind.CONTENT) {
        const { number, bytes } = parsePart(frame.payload);
        contents.set(number, [...(contents.get(number) ?? []), bytes]);
      } else receive(JSON.parse(frame.payload.toString()));
    }
  });
  const sendFrame = (kind: number, payload: Uint8Array): void => {
    const head = Buffer.alloc(5);
    head.writeUInt32BE(1 + payload.byteLength);
    head.writeUInt8(kind, 4);
    socket.write(Buffer.concat([head, payload]));
  };
  return {
    ...{ contents, sendFrame },
    send: (message) => sendFrame(Kind.MESSAGE, Buffer.from(JSON.stringify(message))),
    sendPart(run, bytes) {
      const number = Buffer.alloc(4);
      number.writeUInt32BE(run);
      sendFrame(Kind.PART, Buffer.concat([number, bytes]));
    },
  };
}
