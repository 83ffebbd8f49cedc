import { readFileSync, unwatchFile, watchFile } from "node:fs";
import { createServer, type SecureContextOptions, type Server } from "node:tls";
import type { Logger } from "pino";

/** Absolute paths of PEM files. */
export interface TlsFiles {
  /** The certificate, with those between it and its authority. */
  readonly cert: string;
  readonly key: string;
  /** Authorities of clients' certificates; undefined: clients are not asked for one. */
  readonly clientCa: string | undefined;
}

/** A handshake that takes longer is given up. */
const HANDSHAKE_TIMEOUT_MS = 10_000;

/** A change of a file is seen within this time. */
const LOOK_AGAIN_MS = 1000;

/**
 * A TLS server, not listening yet, that speaks HTTP/2 and HTTP/1.1. Throws when the files cannot be used. A client without a certificate, or
 * with one that is not of `clientCa`, is let in: what it may do is decided by whoever asks whether its socket is `authorized`.
 */
export function createTlsServer(files: TlsFiles): Server {
  return createServer({
    ...readFiles(files),
    ALPNProtocols: ["h2", "http/1.1"],
    requestCert: files.clientCa !== undefined,
    rejectUnauthorized: false,
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    noDelay: true,
  });
}

/** New connections use what is in the files from now on, as they change; when they cannot be used, what was there before. */
export function reloadOnChange(server: Server, files: TlsFiles, { log }: { readonly log: Logger }): Disposable {
  const reload = (): void => {
    try {
      // Throws before it has replaced anything when key and certificate do not belong together.
      server.setSecureContext(readFiles(files));
      log.info(files, "the changed certificate is in use");
    } catch (error) {
      log.error({ ...files, err: error }, "the changed certificate cannot be used; the one before stays");
    }
  };
  const paths = [files.cert, files.key, files.clientCa].filter((path) => path !== undefined);
  // By looking again and again: where files are links that are exchanged (Kubernetes), nothing else tells of it.
  for (const path of paths) watchFile(path, { interval: LOOK_AGAIN_MS, persistent: false }, reload);
  return {
    [Symbol.dispose]() {
      for (const path of paths) unwatchFile(path, reload);
    },
  };
}

function readFiles({ cert, key, clientCa }: TlsFiles): SecureContextOptions {
  try {
    return {
      cert: readFileSync(cert),
      key: readFileSync(key),
      ...(clientCa !== undefined && { ca: readFileSync(clientCa) }),
    };
  } catch (cause) {
    throw new Error(`Cannot read the files of gateway.tls: ${(cause as Error).message}`, { cause });
  }
}
