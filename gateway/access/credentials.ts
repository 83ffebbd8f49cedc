import { TLSSocket } from "node:tls";
import { type HttpRequest, readHeaders } from "../../lib/transcode/mod.ts";
import type { ClientCertificate, Credentials } from "../../plugins/contract/mod.ts";

export type { HttpRequest } from "../../lib/transcode/mod.ts";

interface ShownCertificate {
  readonly certificate: ClientCertificate;
  readonly endsMs: number;
}

/** Certificates by connection: each keeps one for its whole life. */
const certificates = new WeakMap<object, ShownCertificate | undefined>();

/** The credentials of a request. */
export function credentialsOf(request: HttpRequest): Credentials {
  return { headers: readHeaders(request), peer: peerOf(request), certificate: certificateOf(request) };
}

/** IP address of the peer. Empty when it has disconnected. */
export function peerOf(request: HttpRequest): string {
  // Dual-stack sockets map IPv4 addresses to IPv6.
  return connectionOf(request)?.remoteAddress?.replace(/^::ffff:(?=\d+\.)/, "") ?? "";
}

function certificateOf(request: HttpRequest): ClientCertificate | undefined {
  const connection = connectionOf(request);
  if (!(connection instanceof TLSSocket) || !connection.authorized) return undefined;
  if (!certificates.has(connection)) certificates.set(connection, readCertificate(connection));
  const shown = certificates.get(connection);
  // It was valid when the connection began.
  return shown !== undefined && Date.now() < shown.endsMs ? shown.certificate : undefined;
}

/** The socket of the connection. On HTTP/2, the session's proxy of it. */
function connectionOf(request: HttpRequest) {
  return "stream" in request ? request.stream.session?.socket : request.socket;
}

function readCertificate(connection: TLSSocket): ShownCertificate | undefined {
  const certificate = connection.getPeerX509Certificate();
  if (certificate === undefined) return undefined;
  return {
    certificate: {
      // One part per line. Commas within a part are already escaped.
      subject: certificate.subject.replaceAll("\n", ","),
      alternativeNames: splitAlternativeNames(certificate.subjectAltName ?? ""),
      fingerprint: certificate.fingerprint256.replaceAll(":", "").toLowerCase(),
    },
    endsMs: certificate.validToDate.getTime(),
  };
}

/** Splits `DNS:a, URI:"b, c"`. Node quotes ambiguous names as JSON strings. */
export function splitAlternativeNames(text: string): string[] {
  return [...text.matchAll(/([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/g)].map(([, type, value = ""]) => {
    const name: unknown = value.startsWith('"') ? JSON.parse(value) : value;
    return `${type}:${name}`;
  });
}
