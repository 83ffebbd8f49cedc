import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, type JWK, type JWTHeaderParameters, type JWTPayload, SignJWT } from "jose";
import Provider from "oidc-provider";

/** An OpenID Connect issuer of a test. Disposing it ends it. */
export interface OidcServer extends AsyncDisposable {
  readonly issuer: string;
  /** A token that the issuer hands out for a resource, by the client credentials grant; its claim `roles` is what is given. */
  token(audience: string, roles?: readonly string[]): Promise<string>;
  /** A token with any claims, signed with the issuer's current key. */
  sign(claims: JWTPayload, header?: Partial<JWTHeaderParameters>): Promise<string>;
  /** Publishes a new key in place of the old, and signs with that from now on. */
  rotate(): Promise<void>;
  /** Responds to every request with 503 until `recover` is called. */
  fail(): void;
  recover(): void;
  /** Number of requests for its keys. */
  readonly keyRequests: number;
}

const CLIENT = { client_id: "ci", client_secret: "only-for-tests" };

/** Starts an issuer on loopback. Default: a free port. */
export async function startOidcServer({ port: wantedPort = 0 } = {}): Promise<OidcServer> {
  let serve: ReturnType<Provider["callback"]>;
  let key: Key;
  let roles: readonly string[] = [];
  // Until it has a key.
  let isFailing = true;
  let keyRequests = 0;
  const server = createServer((request, response) => {
    if (request.url === "/jwks") keyRequests += 1;
    if (isFailing) response.writeHead(503).end();
    else serve(request, response);
  });
  server.listen(wantedPort, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const issuer = `http://127.0.0.1:${port}`;
  await rotate();
  isFailing = false;

  return {
    issuer,
    async token(audience, wanted = []) {
      roles = wanted;
      const response = await fetch(`${issuer}/token`, {
        method: "POST",
        body: new URLSearchParams({ ...CLIENT, grant_type: "client_credentials", resource: audience }),
      });
      const { access_token: token } = (await response.json()) as { access_token?: string };
      if (token === undefined) throw new Error(`The issuer gave no token: ${response.status}`);
      return token;
    },
    sign: (claims, header) =>
      new SignJWT(claims).setProtectedHeader({ alg: "RS256", kid: key.public.kid, ...header }).sign(key.privateKey),
    rotate,
    fail() {
      isFailing = true;
    },
    recover() {
      isFailing = false;
    },
    get keyRequests() {
      return keyRequests;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };

  async function rotate(): Promise<void> {
    key = await createSigningKey();
    const provider = new Provider(issuer, {
      adapter: createAdapter,
      clients: [{ ...CLIENT, grant_types: ["client_credentials"], redirect_uris: [], response_types: [] }],
      clientAuthMethods: ["client_secret_post"],
      clientDefaults: { token_endpoint_auth_method: "client_secret_post" },
      jwks: { keys: [key.private] },
      ttl: { ClientCredentials: 600 },
      extraTokenClaims: () => ({ roles }),
      features: {
        clientCredentials: { enabled: true },
        devInteractions: { enabled: false },
        resourceIndicators: {
          enabled: true,
          getResourceServerInfo: (_context, audience) => ({
            scope: "",
            audience,
            accessTokenFormat: "jwt",
            jwt: { sign: { alg: "RS256" } },
          }),
        },
      },
    });
    serve = provider.callback();
  }
}

/** Tokens that are JWTs need no store. */
function createAdapter() {
  const nothing = async (): Promise<undefined> => undefined;
  return {
    ...{ upsert: nothing, find: nothing, findByUserCode: nothing, findByUid: nothing },
    ...{ consume: nothing, destroy: nothing, revokeByGrantId: nothing },
  };
}

interface Key {
  readonly private: JWK;
  readonly public: JWK & { readonly kid: string };
  readonly privateKey: CryptoKey;
}

async function createSigningKey(): Promise<Key> {
  const { privateKey, publicKey } = await generateKeyPair("RS256", { extractable: true });
  const kid = crypto.randomUUID();
  return {
    privateKey,
    private: { ...(await exportJWK(privateKey)), kid, alg: "RS256", use: "sig" },
    public: { ...(await exportJWK(publicKey)), kid },
  };
}
