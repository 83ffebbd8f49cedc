import { readFileSync } from "node:fs";
import { createServer, type SecureContextOptions, type Server } from "node:tls";
import type { Logger } from "pino";
import { watchFiles } from "../../../cluster/mod.ts";

/** Absolute paths of PEM files. */
export interface TlsFiles {
  /** The certificate, followed by the intermediate certificates. */
  readonly cert: string;
  readonly key: string;
  /** CA certificates for client certificates; undefined: no client certificate is requested. */
  readonly clientCa: string | undefined;
}

/**
 * Creates a TLS server for HTTP/2 and HTTP/1.1 that does not listen yet. Throws if the files are not usable. It accepts clients without a
 * certificate, or with one of another CA: authentication checks `authorized` of the socket.
 */
export function createTlsServer(files: TlsFiles, { handshakeTimeoutMs }: { handshakeTimeoutMs: number }): Server {
  const server = createServer({
    ...readFiles(files),
    ALPNProtocols: ["h2", "http/1.1"],
    requestCert: files.clientCa !== undefined,
    rejectUnauthorized: false,
    handshakeTimeout: handshakeTimeoutMs,
  });
  // Emitted when a handshake fails or times out. Only this listener closes the connection.
  server.on("tlsClientError", (_error, socket) => socket.destroy());
  return server;
}

/** Reloads the files when they change, for new connections. Keeps the previous ones if the new ones are not usable. */
export function reloadOnChange(server: Server, files: TlsFiles, options: { readonly log: Logger }): Disposable {
  const paths = [files.cert, files.key, files.clientCa].filter((path) => path !== undefined);
  // Throws before it replaces anything if key and certificate do not match.
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
