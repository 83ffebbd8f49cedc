/** What a caller shows to prove who it is. */
export interface Credentials {
  /** Of the request, names in lower case. */
  readonly headers: Headers;
  /** IP address at the other end of the connection: of a proxy, where there is one. */
  readonly peer: string;
  /** Present when the caller showed a certificate and the server has verified its chain. */
  readonly certificate?: ClientCertificate | undefined;
}

/** A verified client certificate. */
export interface ClientCertificate {
  /**
   * Distinguished name, its parts in the order of the certificate: `O=Acme,CN=alice`. A comma or backslash within a part has a
   * backslash before it.
   */
  readonly subject: string;
  /** Subject alternative names with their type: `DNS:ci.example.com`, `URI:spiffe://acme/ci`, `email:a@example.com`. */
  readonly alternativeNames: readonly string[];
  /** SHA-256 of the certificate in DER, 64 lower-case hexadecimal digits. */
  readonly fingerprint: string;
}

/** Somebody who proved who it is. */
export interface Principal {
  /** Not empty; stands in the audit log and in messages. */
  readonly id: string;
  /** Names of roles; what they allow stands in the gateway's configuration. A role that is not there allows nothing. */
  readonly roles: readonly string[];
  /** Permissions, or patterns of them (`jobs:*`), beyond which the roles allow nothing. Absent: no such limit. */
  readonly permissions?: readonly string[] | undefined;
  /** When the credentials end, where that is known: calls that go on are looked at again then. */
  readonly expiresAt?: Date | undefined;
  /** What else is known, JSON-representable and not secret. */
  readonly claims?: Readonly<Record<string, unknown>> | undefined;
}

export type AuthAnswer =
  /** The caller shows no credentials of this plugin's kind: the next plugin is asked. */
  | { readonly kind: "absent"; readonly challenge?: string | undefined }
  /** They are of its kind and not good: no further plugin is asked. The reason is for the log, not for the caller. */
  | { readonly kind: "refused"; readonly reason: string; readonly challenge?: string | undefined }
  | { readonly kind: "principal"; readonly principal: Principal };

/** A way in which callers prove who they are, as the OpenAPI document describes it. */
export type CredentialKind = (
  | { readonly type: "basic" }
  /** A token in `Authorization: Bearer`; `format` is such as `JWT`. */
  | { readonly type: "bearer"; readonly format?: string | undefined }
  /** A secret in a header of its own. */
  | { readonly type: "header"; readonly name: string }
  | { readonly type: "certificate" }
) & { readonly description?: string | undefined };

/**
 * Tells who a caller is.
 *
 * A challenge is a value of WWW-Authenticate (RFC 9110, section 11.6.1) that tells clients how to do better. Reasons, challenges,
 * principals and errors hold no secrets. Secrets are compared in a time that does not depend on where they differ.
 */
export interface Auth extends AsyncDisposable {
  /** True when it names a principal for callers that show nothing: such a gateway stays on loopback. */
  readonly admitsAnyone: boolean;
  /** What callers may show, for the OpenAPI document. Absent: it describes a bearer token, unless the plugin admits anyone. */
  readonly credentialKinds?: readonly CredentialKind[] | undefined;
  /**
   * Rejects when it cannot tell: the caller is then turned away as if by an outage, never let in. Rejects with the signal's
   * reason when that is aborted. May be called many times at once.
   */
  authenticate(credentials: Credentials, options: { readonly signal: AbortSignal }): Promise<AuthAnswer>;
  /**
   * Rejects, with a reason that holds no secrets, while it has not yet what it needs to know anybody: the gateway says then that it is not
   * ready. Absent: it always has.
   */
  checkHealth?(): Promise<void>;
}
