import { z } from "zod";

const tls = z.strictObject({
  /** File of the certificates (PEM) that the server's must be signed by; absent: those that the system trusts. */
  caFile: z.string().min(1).optional(),
  /** Files of a certificate and key (PEM) that the server asks for. */
  certFile: z.string().min(1).optional(),
  keyFile: z.string().min(1).optional(),
  /** False takes any certificate: encrypted, but anybody can pose as the server. */
  verify: z.boolean().default(true),
});

export const configSchema = z
  .strictObject({
    /** `postgres://user:password@host:port/database`, with `?sslmode=disable|require|verify-full` at most. */
    url: z.string().refine(isPostgresUrl, "must be postgres://user@host:port/database").optional(),
    /** Name or address, or the directory of a Unix socket. Default 127.0.0.1. */
    host: z.string().min(1).optional(),
    /** Default 5432. */
    port: z.int().min(1).max(65_535).optional(),
    /** Default "hearth". */
    database: z.string().min(1).optional(),
    /** Default "hearth". */
    user: z.string().min(1).optional(),
    password: z.string().min(1).optional(),
    /** File that holds the password and nothing else; white space around it does not count. */
    passwordFile: z.string().min(1).optional(),
    /** Connections for reading; one more writes. */
    poolSize: z.int().min(1).max(1000).default(10),
    /** PostgreSQL schema of Hearth's tables, created when absent; one for each Hearth that shares a database. */
    schema: z
      .string()
      .regex(/^[a-z_][a-z0-9_]{0,62}$/, "must be a lower-case identifier")
      .default("hearth"),
    /** True, or how, to talk TLS. Default false, or what the `sslmode` of the URL says. */
    ssl: z.union([z.boolean(), tls]).optional(),
  })
  .superRefine((config, context) => {
    if (config.url !== undefined) {
      for (const key of ["host", "port", "database", "user"] as const) {
        if (config[key] !== undefined)
          context.addIssue({ code: "custom", path: [key], message: "is in the url already" });
      }
    }
    if (config.password !== undefined && config.passwordFile !== undefined) {
      context.addIssue({ code: "custom", path: ["passwordFile"], message: "stands beside password: give one of them" });
    }
  });

export type PostgresConfig = z.output<typeof configSchema>;
export type TlsConfig = z.output<typeof tls>;

/** Where the database is and how to be let in. */
export interface Target {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string | undefined;
  readonly ssl: boolean | TlsConfig;
}

/** What the configuration says of the database, from the URL or the single keys. */
export function targetOf(config: PostgresConfig): Target {
  const { url, host = "127.0.0.1", port = 5432, database = "hearth", user = "hearth", password, ssl = false } = config;
  if (url === undefined) return { host, port, database, user, password, ssl };
  const parsed = new URL(url);
  return {
    host: decodeURIComponent(parsed.hostname).replace(/^\[|\]$/g, "") || host,
    port: Number(parsed.port) || port,
    database: decodeURIComponent(parsed.pathname.slice(1)) || database,
    user: decodeURIComponent(parsed.username) || user,
    password: password ?? (decodeURIComponent(parsed.password) || undefined),
    ssl: config.ssl ?? SSL_MODES[parsed.searchParams.get("sslmode") ?? "disable"] ?? false,
  };
}

/** As libpq has it: `require` encrypts and trusts any server. */
const SSL_MODES: Readonly<Record<string, boolean | TlsConfig | undefined>> = {
  disable: false,
  require: { verify: false },
  "verify-full": true,
};

/** Says nothing of the URL in its answer: there may be a password in it. */
function isPostgresUrl(text: string): boolean {
  const url = URL.parse(text);
  if (!url || !/^postgres(ql)?:$/.test(url.protocol)) return false;
  const parameters = [...url.searchParams];
  return parameters.every(([name, value]) => name === "sslmode" && value in SSL_MODES) && isDecodable(url);
}

function isDecodable({ username, password, hostname, pathname }: URL): boolean {
  return [username, password, hostname, pathname].every((part) => !/%(?![0-9A-Fa-f]{2})/.test(part));
}
