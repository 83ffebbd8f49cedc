import { execFile, spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { createTemporaryDirectory } from "../../test/contract/temporary_directory.ts";
import { isResolverBounded } from "./resolver.ts";

const MAIN = fileURLToPath(new URL("testing/resolution_main.ts", import.meta.url));

/** A network namespace with loopback only, and a mount namespace. */
const NAMESPACES = ["--map-root-user", "--mount", "--net", "sh", "-ec"];

/** Containers may forbid namespaces. */
const hasNamespaces = spawnSync("unshare", [...NAMESPACES, "ip link set lo up"]).status === 0;

const IPV4_QUESTION = 1;

test.skipIf(!hasNamespaces)("no name reaches loopback, regardless of DNS", { timeout: 60_000 }, async () => {
  await using directory = await createTemporaryDirectory();
  const [hosts, resolver, services] = ["hosts", "resolv.conf", "nsswitch.conf"].map((name) =>
    join(directory.path, name),
  );
  await Promise.all([
    writeFile(hosts ?? "", "127.0.0.1 localhost\n"),
    writeFile(resolver ?? "", "nameserver 127.0.0.1\n"),
    writeFile(services ?? "", "hosts: files dns\n"),
  ]);
  const script = `ip link set lo up
    mount --bind "$1" /etc/hosts; mount --bind "$2" /etc/resolv.conf; [ ! -e /etc/nsswitch.conf ] || mount --bind "$3" /etc/nsswitch.conf
    exec "$4" "$5"`;
  const args = [...NAMESPACES, script, "sh", hosts ?? "", resolver ?? "", services ?? "", process.execPath, MAIN];
  const { stdout } = await promisify(execFile)("unshare", args);
  const { outcomes, connections, askedTypes } = JSON.parse(stdout);
  expect(Object.keys(outcomes)).toHaveLength(18);
  expect(Object.entries(outcomes).filter(([, outcome]) => outcome !== "failed")).toEqual([]);
  expect(connections).toBe(0);
  expect(askedTypes).toEqual([IPV4_QUESTION]);
});

test.each<[string | undefined, string | undefined, boolean]>([
  ["2.36", "hosts: files dns\n", true],
  ["2.41", "# comment\npasswd: files\nhosts:\tfiles mdns4_minimal [NOTFOUND=return] dns myhostname # dns\n", true],
  ["2.36", undefined, true],
  ["3.0", "passwd: files\n", true],
  ["2.35", "hosts: files dns\n", false],
  [undefined, "hosts: files dns\n", false],
  ["2.41", "hosts: mymachines resolve [!UNAVAIL=return] files myhostname dns\n", false],
  ["2.41", "hosts: files mdns_minimal [NOTFOUND=return] dns\n", false],
  ["2.41", "hosts: files ldap dns\n", false],
])(
  "with glibc %s and %j names resolve to IPv4 addresses only: %s, and never with a daemon that resolves them",
  (glibc, services, isBounded) => {
    expect(isResolverBounded({ glibc, services, hasDaemon: false })).toBe(isBounded);
    expect(isResolverBounded({ glibc, services, hasDaemon: true })).toBe(false);
  },
);
