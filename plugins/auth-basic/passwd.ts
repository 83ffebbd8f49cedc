/** Writes users files, like htpasswd. Without arguments it prints its usage. */
import { readFile } from "node:fs/promises";
import { type CommandLine, runProgram, UsageError } from "../command-line/mod.ts";
import { decodeText, replaceFile } from "../files/mod.ts";
import { readPassword } from "./prompt.ts";
import { hashPassword } from "./scrypt.ts";
import { formatUser, isRoleName, isUserName, parseUsers, type Users } from "./users.ts";

const PROGRAM = {
  command: "node plugins/auth-basic/passwd.ts",
  usage: `FILE USER [--roles ROLE,ROLE] [--delete]
Sets the password of USER, read from the terminal or from the first line of standard input, and with --roles the roles.
Without --roles a user keeps those that it has. --delete removes USER.`,
  flags: { roles: { type: "string" }, delete: { type: "boolean" } },
} as const;

type UserOptions = CommandLine<typeof PROGRAM.flags>["values"] & { readonly name: string };

await runProgram(PROGRAM, async ({ values, positionals: [file, name, ...rest] }) => {
  if (file === undefined || name === undefined) throw new UsageError("Cannot set a password: expected FILE and USER");
  if (rest.length > 0)
    throw new UsageError(`Cannot set a password: expected no more than FILE and USER, got "${rest[0]}"`);
  await update(file, { ...values, name });
});

async function update(file: string, { name, roles, delete: isDeleted }: UserOptions): Promise<void> {
  if (!isUserName(name)) {
    throw new UsageError(`Cannot use name "${name}": it may have no colon and not begin with # or a space`);
  }
  const newRoles = roles?.split(",").filter((role) => role !== "");
  const wrong = newRoles?.find((role) => !isRoleName(role));
  if (wrong !== undefined) throw new UsageError(`Cannot use role "${wrong}": it may have no colon, comma or space`);
  const { lines, users } = await readUsers(file);
  const user = users.get(name);
  if (isDeleted && user === undefined) throw new Error(`Cannot delete user "${name}": there is none in ${file}`);
  // Other lines, including comments, stay unchanged.
  const others = lines.filter((line) => line !== "" && !line.startsWith(`${name}:`));
  const line = isDeleted ? [] : [await describeUser(name, newRoles ?? user?.roles ?? [])];
  await replaceFile(file, [...others, ...line].map((each) => `${each}\n`).join(""));
  process.stdout.write(`${isDeleted ? "deleted" : "wrote"} ${name} in ${file}\n`);
}

async function describeUser(name: string, roles: readonly string[]): Promise<string> {
  return formatUser({ name, hash: await hashPassword(await readPassword(`Password of ${name}: `)), roles });
}

/** No users if there is no file. */
async function readUsers(file: string): Promise<{ readonly lines: readonly string[]; readonly users: Users }> {
  try {
    const text = decodeText(await readFile(file));
    return { lines: text.split("\n"), users: parseUsers(text) };
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return { lines: [], users: new Map() };
    throw new Error(`Cannot read ${file}: ${(cause as Error).message}`, { cause });
  }
}
