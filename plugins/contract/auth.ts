/** The credentials of a request. */
export interface Credentials {
  /** Request headers, with names in lower case. */
  readonly headers: Headers;
  /** IP address of the peer: of a proxy, if there is one. */
  readonly peer: string;
  /** Present when the caller sent a certificate and the server has verified its chain. */
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

/** An authenticated caller. */
export interface Principal {
  /** Not empty. Appears in the audit log and in messages. */
  readonly id: string;
  /** Names of roles, which the gateway's configuration defines. An unknown role permits nothing. */
  readonly roles: readonly string[];
  /** Permissions, or patterns of them (`jobs:*`), that limit the roles. Absent: no such limit. */
  readonly permissions?: readonly string[] | undefined;
  /** Expiry of the credentials, if known: long calls are checked again then. */
  readonly expiresAt?: Date | undefined;
  /** Further attributes, JSON-representable and not secret. */
  readonly claims?: Readonly<Record<string, unknown>> | undefined;
}

export type AuthAnswer =
  /** The request has no credentials of this plugin's kind: the next plugin is asked. */
  | { readonly kind: "absent"; readonly challenge?: string | undefined }
  /** The credentials are of its kind and invalid: no further plugin is asked. The reason is for the log, not for the caller. */
  | { readonly kind: "refused"; readonly reason: string; readonly challenge?: string | undefined }
  | { readonly kind: "principal"; readonly principal: Principal };

/** A kind of credentials, for the OpenAPI document. */
export type CredentialKind = (
  | { readonly type: "basic" }
  /** A token in `Authorization: Bearer`; `format` is such as `JWT`. */
  | { readonly type: "bearer"; readonly format?: string | undefined }
  /** A secret in a header of its own. */
  | { readonly type: "header"; readonly name: string }
  | { readonly type: "certificate" }
) & { readonly description?: string | undefined };

/**
 * Authenticates callers. A challenge is a value of WWW-Authenticate (RFC 9110, section 11.6.1) that tells clients which credentials are
 * accepted. Reasons, challenges, principals and errors contain no secrets. Secrets are compared in constant time.
 */
export interface Auth extends AsyncDisposable {
  /** True when it admits anonymous callers: such a gateway listens on loopback only. */
  readonly admitsAnyone: boolean;
  /** Accepted kinds of credentials, for the OpenAPI document. Absent: bearer tokens, unless the plugin admits anyone. */
  readonly credentialKinds?: readonly CredentialKind[] | undefined;
  /**
   * Rejects when it cannot decide: the caller is refused as during an outage, never admitted. Rejects with the signal's reason when that is
   * aborted. May be called concurrently.
   */
  authenticate(credentials: Credentials, options: { readonly signal: AbortSignal }): Promise<AuthAnswer>;
  /** Rejects, with a reason without secrets, while it cannot authenticate anyone: the gateway is not ready then. Absent: it always can. */
  checkHealth?(): Promise<void>;
}
