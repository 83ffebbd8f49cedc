import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { expect } from "vitest";
import { type Hearth, type HearthOptions, startHearth } from "../harness.ts";
import { createRest, type Rest } from "../rest.ts";

/** A system that is abused, and asked after each abuse whether it still works. */
export interface AbusedHearth extends AsyncDisposable {
  readonly hearth: Hearth;
  readonly rest: Rest;
  /** A connection to the gateway on which anything may be said. */
  dial(): Promise<Socket>;
  /** Says the text on a connection of its own, and answers all that came back until the gateway closed it. */
  say(text: string): Promise<string>;
  /** Runs a job to its end; rejects when the gateway does not answer as ever. */
  expectWell(): Promise<void>;
}

const PROGRAM = `
export const echo = ({ config }) => config;
export const look = ({ config }) => ({
  keys: Object.keys(config),
  isPlain: [Object.prototype, null].includes(Object.getPrototypeOf(config)),
  polluted: ({}).polluted ?? null,
});
`;

export async function startAbusedHearth(config: HearthOptions["config"] = {}): Promise<AbusedHearth> {
  const hearth = await startHearth({ config });
  const rest = createRest(hearth.url);
  await rest.upload("echo", PROGRAM);
  await rest.createContext("shared");
  const { hostname, port } = new URL(hearth.url);
  const dial = async (): Promise<Socket> => {
    const socket = connect(Number(port), hostname);
    await once(socket, "connect");
    return socket;
  };
  return {
    hearth,
    rest,
    dial,
    async say(words) {
      const socket = await dial();
      socket.write(words, "latin1");
      return received(socket);
    },
    async expectWell() {
      const spec = { binary: "echo", entryPoint: "echo", context: "shared", config: { are: "you well" } };
      expect((await rest.run(spec)).result).toEqual({ are: "you well" });
    },
    [Symbol.asyncDispose]: () => hearth[Symbol.asyncDispose](),
  };
}

/** All that comes until the connection ends, however it ends. */
export function received(socket: Socket): Promise<string> {
  let words = "";
  socket.setEncoding("latin1");
  socket.on("data", (chunk: string) => {
    words += chunk;
  });
  socket.on("error", () => {});
  return new Promise((resolve) => socket.once("close", () => resolve(words)));
}
