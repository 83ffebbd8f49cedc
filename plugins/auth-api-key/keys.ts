/**
 * Makes, lists and revokes keys. Run without arguments it says how.
 */
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { replaceFile } from "../files/mod.ts";
import { createKey, hashKey } from "./key.ts";
import { formatKeyFile, type KeyFile, parseKeyFile } from "./key_file.ts";

const DAY_MS = 24 * 3_600_000;

const USAGE = `Usage: node plugins/auth-api-key/keys.ts COMMAND FILE
  create FILE --name NAME --roles ROLE,ROLE [--permissions jobs:start,jobs:read] [--days 90]
      Makes a key and shows it, this once. NAME is whom it stands for, as the audit log has it.
  list FILE
  revoke FILE ID
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    name: { type: "string" },
    roles: { type: "string" },
    permissions: { type: "string" },
    days: { type: "string" },
  },
});
const [command, file = "", id = ""] = positionals;
const run = commandOf(command);
if (run === undefined) {
  process.stderr.write(USAGE);
  process.exitCode = 2;
} else {
  await run().catch((error: Error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  });
}

function commandOf(name: string | undefined): (() => Promise<void>) | undefined {
  switch (name) {
    case "create":
      return create;
    case "list":
      return list;
    case "revoke":
      return revoke;
    default:
      return undefined;
  }
}

async function create(): Promise<void> {
  const { name, roles, permissions } = values;
  const days = values.days === undefined ? undefined : Number(values.days);
  if (!name || !roles) throw new Error("Cannot create a key: --name and --roles are needed");
  if (days !== undefined && !(days > 0)) throw new Error(`Cannot create a key for "${values.days}" days`);
  const made = createKey();
  const now = Date.now();
  const { keys } = await readKeys();
  const record = {
    ...{ id: made.id, sha256: hashKey(made.key), name, roles: split(roles) },
    ...(permissions === undefined ? {} : { permissions: split(permissions) }),
    created: new Date(now).toISOString(),
    ...(days === undefined ? {} : { expires: new Date(now + days * DAY_MS).toISOString() }),
    revoked: false,
  };
  await replaceFile(file, formatKeyFile({ keys: [...keys, record] }));
  process.stdout.write(`${made.key}\n`);
}

async function list(): Promise<void> {
  for (const { id, name, roles, permissions, expires, revoked } of (await readKeys()).keys) {
    const until = revoked ? "revoked" : `until ${expires ?? "revoked"}`;
    const limit = permissions === undefined ? "" : ` for ${permissions.join(",")}`;
    process.stdout.write(`${id} ${name} as ${roles.join(",")}${limit}, ${until}\n`);
  }
}

async function revoke(): Promise<void> {
  const { keys } = await readKeys();
  if (!keys.some((key) => key.id === id)) throw new Error(`Cannot revoke key "${id}": there is none in ${file}`);
  const changed = keys.map((key) => (key.id === id ? { ...key, revoked: true } : key));
  await replaceFile(file, formatKeyFile({ keys: changed }));
  process.stdout.write(`revoked ${id}\n`);
}

async function readKeys(): Promise<KeyFile> {
  try {
    return parseKeyFile(await readFile(file, "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return { keys: [] };
    throw error;
  }
}

function split(list: string): string[] {
  return list.split(",").filter((item) => item !== "");
}
