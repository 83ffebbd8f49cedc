import { createInterface } from "node:readline";
import { Writable } from "node:stream";

/** Reads a password from the terminal without echo, or the first line of standard input. Rejects when it is empty. */
export async function readPassword(prompt: string): Promise<string> {
  const { stdin, stderr } = process;
  if (stdin.isTTY) stderr.write(prompt);
  const silence = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: stdin, output: silence, terminal: stdin.isTTY ?? false });
  try {
    for await (const line of lines) {
      if (line === "") break;
      return line;
    }
  } finally {
    lines.close();
    if (stdin.isTTY) stderr.write("\n");
  }
  throw new Error("Cannot use an empty password");
}
