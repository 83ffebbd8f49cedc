import { z } from "zod";
import { readableFile } from "../files/mod.ts";

const tls = z.strictObject({
  caFile: readableFile
    .optional()
    .describe("PEM file of the authorities that the server's certificate must be of; default those of the system"),
  certFile: readableFile.optional().describe("PEM file of a certificate, for a server that asks for one"),
  keyFile: readableFile.optional().describe("PEM file of its key"),
  verify: z
    .boolean()
    .default(true)
    .describe("False takes any certificate: encrypted, but anybody can pose as the server"),
});

export const configSchema = z
  .strictObject({
    url: z
      .string()
      .refine(isPostgresUrl, "must be postgres://user@host:port/database")
      .optional()
      .describe(
        "`postgres://user:password@host:port/database`, with `?sslmode=disable`, `require` or `verify-full` at most; instead of the next four",
      ),
    host: z
      .string()
      .min(1)
      .optional()
      .describe("Name or address, or the directory of a Unix socket; default `127.0.0.1`"),
    port: z.int().min(1).max(65_535).optional().describe("Port; default `5432`"),
    database: z.string().min(1).optional().describe("Database, with encoding UTF8; default `hearth`"),
    user: z.string().min(1).optional().describe("Role of PostgreSQL; default `hearth`"),
    password: z.string().min(1).optional().describe("Its password"),
    passwordFile: readableFile
      .optional()
      .describe(
        "File with the password and nothing else, instead of `password` and before the one in `url`; white space around it does not count",
      ),
    poolSize: z.int().min(1).max(1000).default(10).describe("Connections for reading; one more writes"),
    schema: z
      .string()
      .regex(/^[a-z_][a-z0-9_]{0,62}$/, "must be a lower-case identifier")
      .default("hearth")
      .describe("PostgreSQL schema of the tables, created when absent; one for each Hearth that shares a database"),
    ssl: z
      .union([z.boolean(), tls])
      .optional()
      .describe("True, or how, to talk TLS; default false, or what the `sslmode` of `url` says"),
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

/** Address and credentials of the database. */
export interface Target {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string | undefined;
  readonly ssl: boolean | TlsConfig;
}

/** The database of the configuration, from the URL or the single keys. */
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

/** As in libpq: `require` encrypts and trusts any server. */
const SSL_MODES: Readonly<Record<string, boolean | TlsConfig | undefined>> = {
  disable: false,
  require: { verify: false },
  "verify-full": true,
};

/** The error omits the URL, which may contain a password. */
function isPostgresUrl(text: string): boolean {
  const url = URL.parse(text);
  if (!url || !/^postgres(ql)?:$/.test(url.protocol)) return false;
  const parameters = [...url.searchParams];
  return parameters.every(([name, value]) => name === "sslmode" && value in SSL_MODES) && isDecodable(url);
}

function isDecodable({ username, password, hostname, pathname }: URL): boolean {
  return [username, password, hostname, pathname].every((part) => !/%(?![0-9A-Fa-f]{2})/.test(part));
}
