import {
  type ConnectionOptions,
  credsAuthenticator,
  type TlsOptions,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
} from "@nats-io/transport-node";
import { readText } from "../../plugins/files/mod.ts";

/** How to reach NATS. Paths are of files that were there when the configuration was read. */
export interface NatsAccess {
  readonly url: string;
  /** Present: a server without TLS is refused. */
  readonly tls?:
    | { readonly ca?: string | undefined; readonly cert?: string | undefined; readonly key?: string | undefined }
    | undefined;
  readonly credentialsFile?: string | undefined;
  readonly user?: string | undefined;
  readonly passwordFile?: string | undefined;
  readonly tokenFile?: string | undefined;
}

/** The part of NATS's connection options that says where the server is and who we are. */
export function natsOptions(access: NatsAccess): ConnectionOptions {
  const authenticator = authenticatorOf(access);
  return {
    servers: access.url,
    ...(access.tls && { tls: tlsFiles(access.tls) }),
    ...(authenticator && { authenticator }),
  };
}

function tlsFiles({ ca, cert, key }: NonNullable<NatsAccess["tls"]>): TlsOptions {
  return {
    ...(ca !== undefined && { caFile: ca }),
    ...(cert !== undefined && { certFile: cert }),
    ...(key !== undefined && { keyFile: key }),
  };
}

/** Files are read with each connection, so that what they say may be changed meanwhile. */
function authenticatorOf({ credentialsFile, user, passwordFile, tokenFile }: NatsAccess) {
  if (credentialsFile !== undefined) {
    const read = rereading(credentialsFile);
    return credsAuthenticator(() => Buffer.from(read()));
  }
  if (tokenFile !== undefined) {
    const read = rereading(tokenFile);
    return tokenAuthenticator(() => read().trim());
  }
  if (user === undefined) return undefined;
  const read = passwordFile === undefined ? () => "" : rereading(passwordFile);
  return usernamePasswordAuthenticator(user, () => read().trim());
}

/** The content of a file as it is, or as it was when it was last read: the client does not survive an error here. */
function rereading(path: string): () => string {
  let content = readText(path);
  return () => {
    try {
      content = readText(path);
    } catch {
      // Being replaced, or gone: the server decides whether what it said still counts.
    }
    return content;
  };
}
