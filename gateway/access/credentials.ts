import { TLSSocket } from "node:tls";
import { type HttpRequest, readHeaders } from "../../lib/transcode/mod.ts";
import type { ClientCertificate, Credentials } from "../../plugins/contract/mod.ts";

export type { HttpRequest } from "../../lib/transcode/mod.ts";

interface ShownCertificate {
  readonly certificate: ClientCertificate;
  readonly endsMs: number;
}

/** By connection: it has one certificate for its whole life. */
const certificates = new WeakMap<object, ShownCertificate | undefined>();

/** What a request shows of its caller. */
export function credentialsOf(request: HttpRequest): Credentials {
  return { headers: readHeaders(request), peer: peerOf(request), certificate: certificateOf(request) };
}

/** IP address at the other end; empty when it has left. */
export function peerOf(request: HttpRequest): string {
  // On a socket of both families an IPv4 address comes as an IPv6 one.
  return connectionOf(request)?.remoteAddress?.replace(/^::ffff:(?=\d+\.)/, "") ?? "";
}

function certificateOf(request: HttpRequest): ClientCertificate | undefined {
  const connection = connectionOf(request);
  if (!(connection instanceof TLSSocket) || !connection.authorized) return undefined;
  if (!certificates.has(connection)) certificates.set(connection, readCertificate(connection));
  const shown = certificates.get(connection);
  // It was in its time when the connection began.
  return shown !== undefined && Date.now() < shown.endsMs ? shown.certificate : undefined;
}

/** The socket of the connection; of HTTP/2, the session's proxy of it. */
function connectionOf(request: HttpRequest) {
  return "stream" in request ? request.stream.session?.socket : request.socket;
}

function readCertificate(connection: TLSSocket): ShownCertificate | undefined {
  const certificate = connection.getPeerX509Certificate();
  if (certificate === undefined) return undefined;
  return {
    certificate: {
      // One part a line; commas within a part have a backslash already.
      subject: certificate.subject.replaceAll("\n", ","),
      alternativeNames: splitAlternativeNames(certificate.subjectAltName ?? ""),
      fingerprint: certificate.fingerprint256.replaceAll(":", "").toLowerCase(),
    },
    endsMs: certificate.validToDate.getTime(),
  };
}

/** Splits `DNS:a, URI:"b, c"`: Node quotes a name that could be taken for several (as a JSON string). */
export function splitAlternativeNames(text: string): string[] {
  return [...text.matchAll(/([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/g)].map(([, type, value = ""]) => {
    const name: unknown = value.startsWith('"') ? JSON.parse(value) : value;
    return `${type}:${name}`;
  });
}
