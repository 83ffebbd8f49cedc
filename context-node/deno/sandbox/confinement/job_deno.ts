import {
  defineProperty,
  getOwnPropertyDescriptor,
  getPrototypeOf,
  keys,
  NativeTypeError,
  own,
  textOf,
} from "./primordials.ts";
import { DENO, REFUSED_DENO_FUNCTIONS } from "./reach.ts";
import { throwingFunction } from "./throwing_function.ts";

const { NotCapable } = Deno.errors;
const { stdout, stderr, connect, connectTls, startTls, HttpClient } = Deno;

/** The `Deno` of jobs. It shares with Deno's own what is listed, and nothing else. */
export function jobDeno(env: Record<string, string | undefined>): object {
  const deno = {};
  for (let index = 0; index < DENO.length; index++) {
    const name = DENO[index] as string;
    const descriptor = getOwnPropertyDescriptor(Deno, name);
    if (descriptor !== undefined) defineProperty(deno, name, { ...descriptor, configurable: true });
  }
  const names = keys(REFUSED_DENO_FUNCTIONS);
  for (let index = 0; index < names.length; index++) {
    const name = names[index] as string;
    const message = `Cannot use Deno.${name}: ${REFUSED_DENO_FUNCTIONS[name]}`;
    add(
      deno,
      name,
      throwingFunction(name, message, (text) => new NotCapable(text)),
    );
  }
  add(deno, "env", {
    get: (name: string) => env[name],
    has: (name: string) => name in env,
    toObject: () => ({ ...env }) as Record<string, string>,
    set(name: string, value: string) {
      env[name] = value;
    },
    delete(name: string) {
      delete env[name];
    },
  } satisfies Deno.Env);
  add(deno, "connect", connectByTcp);
  add(deno, "connectTls", async (options: Deno.ConnectTlsOptions) => hideConstructors(await own(connectTls(options))));
  add(deno, "startTls", async (conn: Deno.TcpConn, options?: Deno.StartTlsOptions) =>
    hideConstructors(await own(startTls(conn, options))),
  );
  add(deno, "HttpClient", hideConstructor(HttpClient.prototype));
  add(deno, "args", []);
  add(deno, "stdout", output(stdout));
  add(deno, "stderr", output(stderr));
  return deno;
}

/** Only by TCP: for a transport that takes a flag to be used (`vsock`), Deno ends the whole process. */
async function connectByTcp(options: Deno.ConnectOptions): Promise<Deno.TcpConn> {
  // Read once: a getter could say something else the next time.
  const given: Deno.ConnectOptions = { ...options };
  const { transport = "tcp" } = given;
  if (transport === "tcp") return hideConstructors(await own(connect({ ...given, transport })));
  throw new NativeTypeError(`Cannot connect by "${textOf(transport)}": jobs connect by "tcp"`);
}

/** Keeps the constructors of a connection, that of its class and those that the class extends. */
function hideConstructors<T extends object>(connection: T): T {
  let prototype = getPrototypeOf(connection) as object;
  while (prototype !== Object.prototype) {
    hideConstructor(prototype);
    prototype = getPrototypeOf(prototype) as object;
  }
  return connection;
}

/**
 * Replaces the constructor of a class by one that throws. Deno's takes the number of any resource of the executor: with it a job would read
 * and close the standard streams of its process, and the channels of its executor.
 */
function hideConstructor(prototype: object): object {
  const descriptor = getOwnPropertyDescriptor(prototype, "constructor");
  if (descriptor?.configurable !== true) return descriptor?.value as object;
  const { name } = descriptor.value as { name: string };
  const value = throwingFunction(name, `Cannot construct ${name}: only Deno does`, (text) => new NativeTypeError(text));
  defineProperty(value, "prototype", { value: prototype, writable: false });
  defineProperty(prototype, "constructor", { value, writable: false, configurable: false });
  return value;
}

/** What is written there is text of the process's own log: of no job, and no message to anybody. */
function output(stream: typeof stdout): object {
  return {
    write: (bytes: Uint8Array) => stream.write(bytes),
    writeSync: (bytes: Uint8Array) => stream.writeSync(bytes),
    isTerminal: () => false,
  };
}

function add(object: object, name: string, value: unknown): void {
  defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
}
