/**
 * Writes users files, like htpasswd. Run without arguments it says how.
 */
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { replaceFile } from "../files/mod.ts";
import { readPassword } from "./prompt.ts";
import { hashPassword } from "./scrypt.ts";
import { formatUser, isRoleName, isUserName, parseUsers } from "./users.ts";

const USAGE = `Usage: node plugins/auth-basic/passwd.ts FILE USER [--roles ROLE,ROLE] [--delete]
Sets the password of USER, read from the terminal or from the first line of standard input, and with --roles the roles.
Without --roles a user keeps those that it has. --delete removes USER.
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { roles: { type: "string" }, delete: { type: "boolean", default: false } },
});
const [file, name] = positionals;
if (file === undefined || name === undefined || positionals.length > 2) {
  process.stderr.write(USAGE);
  process.exitCode = 2;
} else {
  await update(file, name).catch((error: Error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  });
}

async function update(file: string, name: string): Promise<void> {
  if (!isUserName(name))
    throw new Error(`Cannot use name "${name}": it may have no colon and not begin with # or a space`);
  const roles = values.roles?.split(",").filter((role) => role !== "");
  const wrong = roles?.find((role) => !isRoleName(role));
  if (wrong !== undefined) throw new Error(`Cannot use role "${wrong}": it may have no colon, comma or space`);
  const text = await readIfThere(file);
  const user = parseUsers(text).get(name);
  if (values.delete && user === undefined) throw new Error(`Cannot delete user "${name}": there is none in ${file}`);
  // Other lines stay as they are, comments too.
  const others = text.split(/\r?\n/).filter((line) => line !== "" && !line.startsWith(`${name}:`));
  const line = values.delete ? [] : [await describeUser(name, roles ?? user?.roles ?? [])];
  await replaceFile(file, [...others, ...line].map((each) => `${each}\n`).join(""));
  process.stdout.write(`${values.delete ? "deleted" : "wrote"} ${name} in ${file}\n`);
}

async function describeUser(name: string, roles: readonly string[]): Promise<string> {
  return formatUser({ name, hash: await hashPassword(await readPassword(`Password of ${name}: `)), roles });
}

async function readIfThere(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}
