import { readFileSync } from "node:fs";
import { createServer, type SecureContextOptions, type Server } from "node:tls";
import type { Logger } from "pino";
import { watchFiles } from "../../../cluster/mod.ts";

/** Absolute paths of PEM files. */
export interface TlsFiles {
  /** The certificate, with those between it and its authority. */
  readonly cert: string;
  readonly key: string;
  /** Authorities of clients' certificates; undefined: clients are not asked for one. */
  readonly clientCa: string | undefined;
}

/**
 * A TLS server, not listening yet, that speaks HTTP/2 and HTTP/1.1. Throws when the files cannot be used. A client without a certificate, or
 * with one that is not of `clientCa`, is let in: what it may do is decided by whoever asks whether its socket is `authorized`.
 */
export function createTlsServer(files: TlsFiles, { handshakeTimeoutMs }: { handshakeTimeoutMs: number }): Server {
  const server = createServer({
    ...readFiles(files),
    ALPNProtocols: ["h2", "http/1.1"],
    requestCert: files.clientCa !== undefined,
    rejectUnauthorized: false,
    handshakeTimeout: handshakeTimeoutMs,
  });
  // Told of handshakes that fail or take too long, and nobody but its listener ends the connection.
  server.on("tlsClientError", (_error, socket) => socket.destroy());
  return server;
}

/** New connections use what is in the files from now on, as they change; when they cannot be used, what was there before. */
export function reloadOnChange(server: Server, files: TlsFiles, options: { readonly log: Logger }): Disposable {
  const paths = [files.cert, files.key, files.clientCa].filter((path) => path !== undefined);
  // It throws before it has replaced anything when key and certificate do not belong together.
  return watchFiles({ what: "gateway.tls", paths }, () => server.setSecureContext(readFiles(files)), options);
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
