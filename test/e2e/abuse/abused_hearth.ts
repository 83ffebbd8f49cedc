import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { connect as connectTls, setDefaultCACertificates } from "node:tls";
import { expect } from "vitest";
import { createAuthority } from "../../auth/certificates.ts";
import { createTemporaryDirectory } from "../../contract/temporary_directory.ts";
import { createRestAs, type Rest } from "../../http/rest.ts";
import { type Hearth, type HearthOptions, startHearth } from "../../system/hearth.ts";

/** A system that receives abusive input and is checked after each test. */
export interface AbusedHearth extends AsyncDisposable {
  readonly hearth: Hearth;
  readonly rest: Rest;
  /** Opens a raw connection to the gateway; with TLS, after the handshake. */
  dial(): Promise<Socket>;
  /** Opens a TCP connection without a TLS handshake. */
  dialBare(): Promise<Socket>;
  /** Sends the text on a new connection and returns all bytes received until the gateway closes it. */
  say(text: string): Promise<string>;
  /** Sends a body, as JSON unless the headers name another type. */
  post(
    path: string,
    body: string | Uint8Array<ArrayBuffer>,
    headers?: Record<string, string>,
  ): Promise<{ status: number; text: string }>;
  /** Processor time that the gateway has used since its start, in milliseconds; other processes do not count. */
  cpuMs(): number;
  /** Runs a job on a new connection; rejects unless the gateway returns its result. */
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

export async function startAbusedHearth(
  { gateway, ...config }: NonNullable<HearthOptions["config"]> = {},
  { isEncrypted = false, ...options }: Pick<HearthOptions, "onLine" | "headers"> & { isEncrypted?: boolean } = {},
): Promise<AbusedHearth> {
  await using starting = new AsyncDisposableStack();
  const { path } = starting.use(await createTemporaryDirectory());
  const tls = isEncrypted ? { tls: await createTlsFiles(path) } : {};
  const hearth = starting.use(
    await startHearth({ ...options, config: { ...config, gateway: { ...gateway, ...tls } } }),
  );
  const rest = createRestAs(hearth.url, options.headers ?? {});
  await rest.upload("echo", PROGRAM);
  await rest.createContext("shared");
  const { hostname: host, port } = new URL(hearth.url);
  const credentials = Object.entries(options.headers ?? {})
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join("");
  const dialBare = async (): Promise<Socket> => {
    const socket = connect(Number(port), host);
    await once(socket, "connect");
    return socket;
  };
  const dial = async (): Promise<Socket> => {
    const bare = await dialBare();
    if (!isEncrypted) return bare;
    const socket = connectTls({ socket: bare, host, ALPNProtocols: ["http/1.1"] });
    await once(socket, "secureConnect");
    return socket;
  };
  const say = async (words: string): Promise<string> => {
    const socket = await dial();
    socket.write(words, "latin1");
    return received(socket);
  };
  const stack = starting.move();
  return {
    hearth,
    rest,
    dial,
    dialBare,
    say,
    async post(path, body, headers = { "content-type": "application/json" }) {
      const response = await fetch(hearth.url + path, { method: "POST", headers, body });
      return { status: response.status, text: await response.text() };
    },
    cpuMs() {
      const [, fields = ""] = /\) (.*)$/m.exec(readFileSync(`/proc/${hearth.gateways[0]?.pid}/stat`, "utf8")) ?? [];
      // The times in user and system mode, in hundredths of a second: proc(5), fields 14 and 15.
      const [userTicks, systemTicks] = fields.split(" ").slice(11, 13).map(Number);
      return 10 * ((userTicks ?? Number.NaN) + (systemTicks ?? Number.NaN));
    },
    async expectWell() {
      const spec = { binary: "echo", entryPoint: "echo", context: "shared", config: { are: "you well" } };
      const body = JSON.stringify(spec);
      const answer = await say(
        `POST /v1/jobs:run HTTP/1.1\r\nhost: ${host}\r\n${credentials}connection: close\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
      );
      const [head = "", content = ""] = answer.split("\r\n\r\n");
      expect(head).toMatch(/^HTTP\/1\.1 200 /);
      expect(JSON.parse(content).result).toEqual({ are: "you well" });
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** Creates a certificate for loopback, of an authority that this process trusts from then on. */
async function createTlsFiles(directory: string) {
  const authority = await createAuthority(directory, "authority");
  setDefaultCACertificates([readFileSync(authority.ca, "utf8")]);
  return authority.issue("gateway", { name: "gateway" });
}

/** Resolves with all bytes received when the connection closes. */
export function received(socket: Socket): Promise<string> {
  let words = "";
  socket.setEncoding("latin1");
  socket.on("data", (chunk: string) => {
    words += chunk;
  });
  socket.on("error", () => {});
  return new Promise((resolve) => socket.once("close", () => resolve(words)));
}
