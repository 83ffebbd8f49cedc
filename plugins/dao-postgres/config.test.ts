import { expect, test } from "vitest";
import { configSchema, targetOf } from "./config.ts";

const defaults = { host: "127.0.0.1", port: 5432, database: "hearth", user: "hearth", password: undefined, ssl: false };

test.each([
  [{}, defaults],
  [
    { host: "/run/postgresql", user: "u" },
    { ...defaults, host: "/run/postgresql", user: "u" },
  ],
  [{ url: "postgres://db" }, { ...defaults, host: "db" }],
  [
    { url: "postgresql://u%40x:p%2Fw@[::1]:7000/d%20b?sslmode=require" },
    { host: "::1", port: 7000, database: "d b", user: "u@x", password: "p/w", ssl: { verify: false } },
  ],
  [
    { url: "postgres://u:p@db?sslmode=require", ssl: true, password: "q" },
    { ...defaults, host: "db", user: "u", password: "q", ssl: true },
  ],
])("%j names a database", (config, target) => {
  expect(targetOf(configSchema.parse(config))).toEqual(target);
});

test.each([
  { url: "mysql://u:secret@db" },
  { url: "postgres://u:secret@db:99999" },
  { url: "postgres://u:secret@db?application_name=x" },
  { url: "postgres://u:secret%@db" },
  { url: "postgres://u:secret@db", host: "db" },
  { password: "secret", passwordFile: import.meta.filename },
  { schema: "drop table; --" },
  { poolSize: 0 },
  { pasword: "secret" },
])("%j is refused without revealing the secret", (config) => {
  const { error } = configSchema.safeParse(config);

  expect(error?.issues).toHaveLength(1);
  expect(JSON.stringify(error?.issues)).not.toContain("secret");
});
