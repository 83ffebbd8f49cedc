import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import { expect, test } from "vitest";
import { DEFAULT_LIMITS } from "../mod.ts";
import { isolatedNode } from "./isolation.ts";

/** Code that attempts one operation on a file CANARY, a folder HERE or a server on PORT. */
const ATTEMPTS: readonly [name: string, code: string][] = [
  ["read a file", `(await import("node:fs")).readFileSync(CANARY, "utf8")`],
  ["read the gateway's own configuration", `(await import("node:fs")).readFileSync("/etc/passwd", "utf8")`],
  ["list a folder", `(await import("node:fs")).readdirSync("/")`],
  ["look at a file", `(await import("node:fs")).statSync(CANARY)`],
  ["write beside its own code", `(await import("node:fs")).writeFileSync(HERE + "/canary.txt", "x")`],
  ["import a file", `await import(CANARY)`],
  ["start a process", `(await import("node:child_process")).execFileSync("/bin/true")`],
  ["start a thread", `new (await import("node:worker_threads")).Worker("0", { eval: true })`],
  ["load native code", `process.dlopen({ exports: {} }, CANARY)`],
  [
    "connect",
    `await new Promise(async (done, fail) => (await import("node:net")).connect(PORT, "127.0.0.1", done).on("error", fail))`,
  ],
  [
    "listen",
    `await new Promise(async (done, fail) => (await import("node:net")).createServer().on("error", fail).listen(0, done))`,
  ],
];

test.each(ATTEMPTS)("the process of a worker cannot %s", async (_, code) => {
  const folder = await mkdtemp(join(tmpdir(), "hearth-wall-"));
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const canary = join(folder, "canary.mjs");
    await writeFile(canary, "export default 1;");
    const address = server.address();
    const port = typeof address === "object" ? address?.port : undefined;
    const names = `const CANARY = ${JSON.stringify(canary)}, PORT = ${port}, HERE = ${JSON.stringify(import.meta.dirname)};`;
    const script = `${names}
      const say = (word) => { console.log(word); process.exit(); };
      process.on("uncaughtException", ({ code }) => say(code));
      ${code};
      say("DONE");`;
    const { command, args } = isolatedNode(DEFAULT_LIMITS);
    const child = promisify(execFile)(command, [...args, "--input-type=module", "-e", script], { env: {} });
    expect((await child).stdout).toMatch(/^ERR_(ACCESS_DENIED|DLOPEN_DISABLED)\n$/);
  } finally {
    server.close();
    await rm(folder, { recursive: true });
  }
});

test.runIf(process.platform === "linux")(
  "no process is left of a gateway that was killed while it bundled",
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "hearth-wall-"));
    try {
      await writeFile(join(folder, "upload"), await uploadOfMinutes());
      const script = `
      import { createBundler } from ${JSON.stringify(join(import.meta.dirname, "../mod.ts"))};
      const bundler = createBundler();
      await bundler.warm();
      const content = (await import("node:fs")).readFileSync(${JSON.stringify(join(folder, "upload"))});
      bundler.bundle(content).catch(() => undefined).then(() => console.log("ended"));
      setTimeout(() => console.log("busy"), 1000);`;
      const args = ["--input-type=module", "-e", script];
      const gateway = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
      const [said] = await once(gateway.stdout, "data");
      expect(`${said}`).toBe("busy\n");
      const groups = (await processes()).filter(({ parent }) => parent === gateway.pid).map(({ group }) => group);
      expect(groups).not.toEqual([]);
      gateway.kill("SIGKILL");
      const left = async () =>
        (await processes()).filter(({ group, state }) => groups.includes(group) && state !== "Z");
      await expect.poll(left, { timeout: 3000 }).toEqual([]);
    } finally {
      await rm(folder, { recursive: true });
    }
  },
);

/** Many patterns that are each compared with many names. */
async function uploadOfMinutes(): Promise<Uint8Array> {
  const tar = pack();
  const patterns = Array.from({ length: 5000 }, (_, i) => `(x) => import(\`./f/\${x}${i}.js\`)`);
  tar.entry({ name: "index.js" }, `export const job = [${patterns}];`);
  for (let i = 0; i < 9000; i++) tar.entry({ name: `f/${i}.js` }, "");
  tar.finalize();
  return gzipSync(await buffer(tar));
}

async function processes(): Promise<{ readonly state: string; readonly parent: number; readonly group: number }[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const stats = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, "utf8").catch(() => "")));
  return stats.flatMap((stat) => {
    const [, state, parent, group] = /\) (\S) (\d+) (\d+)/.exec(stat) ?? [];
    return state === undefined ? [] : [{ state, parent: Number(parent), group: Number(group) }];
  });
}
