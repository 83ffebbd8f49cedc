/** Creates, lists and revokes keys. Without arguments it prints its usage. */
import { readFile } from "node:fs/promises";
import { type CommandLine, runProgram, UsageError } from "../command-line/mod.ts";
import { decodeText, replaceFile } from "../files/mod.ts";
import { createKey, hashKey } from "./key.ts";
import { formatKeyFile, type KeyFile, parseKeyFile } from "./key_file.ts";

const DAY_MS = 24 * 3_600_000;

const PROGRAM = {
  command: "node plugins/auth-api-key/keys.ts",
  usage: `COMMAND FILE
  create FILE --name NAME --roles ROLE,ROLE [--permissions jobs:start,jobs:read] [--days 90]
      Makes a key and shows it, this once. NAME is whom it stands for, as the audit log has it.
  list FILE
  revoke FILE ID`,
  flags: {
    name: { type: "string" },
    roles: { type: "string" },
    permissions: { type: "string" },
    days: { type: "string" },
  },
} as const;

/** Values of the flags, and the id for `revoke`. */
type KeyOptions = CommandLine<typeof PROGRAM.flags>["values"] & { readonly id?: string | undefined };

await runProgram(PROGRAM, async ({ values, positionals: [command, file, ...rest] }) => {
  const run = commandOf(command);
  if (run === undefined) throw new UsageError(`Cannot ${command} keys: expected create, list or revoke`);
  if (file === undefined) throw new UsageError(`Cannot ${command} keys: expected their FILE after it`);
  const [id] = command === "revoke" ? rest.splice(0, 1) : [];
  if (rest.length > 0) throw new UsageError(`Cannot ${command} keys: expected no more, got "${rest[0]}"`);
  await run(file, { ...values, id });
});

function commandOf(name: string | undefined): ((file: string, options: KeyOptions) => Promise<void>) | undefined {
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

async function create(file: string, options: KeyOptions): Promise<void> {
  const { name, roles, permissions } = options;
  const days = options.days === undefined ? undefined : Number(options.days);
  if (!name || !roles) throw new UsageError("Cannot create a key: --name and --roles are needed");
  if (days !== undefined && !(days > 0)) throw new UsageError(`Cannot create a key for "${options.days}" days`);
  const made = createKey();
  const now = Date.now();
  const { keys } = (await readKeys(file)) ?? { keys: [] };
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

async function list(file: string): Promise<void> {
  const read = await readKeys(file);
  if (read === undefined) throw new Error(`Cannot list the keys of ${file}: there is no such file; create makes one`);
  for (const { id, name, roles, permissions, expires, revoked } of read.keys) {
    const until = revoked ? "revoked" : `until ${expires ?? "revoked"}`;
    const limit = permissions === undefined ? "" : ` for ${permissions.join(",")}`;
    process.stdout.write(`${id} ${name} as ${roles.join(",")}${limit}, ${until}\n`);
  }
}

async function revoke(file: string, { id }: KeyOptions): Promise<void> {
  if (id === undefined) throw new UsageError("Cannot revoke a key: expected its ID after the file, as list tells it");
  const read = await readKeys(file);
  if (read === undefined) throw new Error(`Cannot revoke key "${id}": there is no file ${file}`);
  if (!read.keys.some((key) => key.id === id)) throw new Error(`Cannot revoke key "${id}": there is none in ${file}`);
  const changed = read.keys.map((key) => (key.id === id ? { ...key, revoked: true } : key));
  await replaceFile(file, formatKeyFile({ keys: changed }));
  process.stdout.write(`revoked ${id}\n`);
}

/** Undefined when there is no file. */
async function readKeys(file: string): Promise<KeyFile | undefined> {
  try {
    return parseKeyFile(decodeText(await readFile(file)));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new Error(`Cannot read ${file}: ${(cause as Error).message.replaceAll(/\s+/g, " ")}`, { cause });
  }
}

function split(list: string): string[] {
  return list.split(",").filter((item) => item !== "");
}
