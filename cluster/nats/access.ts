import {
  type ConnectionOptions,
  credsAuthenticator,
  type TlsOptions,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
} from "@nats-io/transport-node";
import { readText } from "../../plugins/files/mod.ts";

/** How to reach NATS. The files existed when the configuration was read. */
export interface NatsAccess {
  readonly url: string;
  /** If present, a server without TLS is refused. */
  readonly tls?:
    | { readonly ca?: string | undefined; readonly cert?: string | undefined; readonly key?: string | undefined }
    | undefined;
  readonly credentialsFile?: string | undefined;
  readonly user?: string | undefined;
  readonly passwordFile?: string | undefined;
  readonly tokenFile?: string | undefined;
}

/** Connection options of NATS: servers, TLS and credentials. */
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

/** Reads the files for each connection, so that credentials can be rotated. */
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

/** Content of a file, or its last known content if it cannot be read: an error here would end the client. */
function rereading(path: string): () => string {
  let content = readText(path);
  return () => {
    try {
      content = readText(path);
    } catch {
      // The file is being replaced, or gone. The server decides whether the last credentials are still valid.
    }
    return content;
  };
}
