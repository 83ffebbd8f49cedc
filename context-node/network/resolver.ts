import { existsSync, readFileSync } from "node:fs";
import { z } from "zod";

/** Properties of a machine that decide how names resolve. */
export interface Resolver {
  /** Version of glibc. Undefined for other C libraries. */
  readonly glibc: string | undefined;
  /** Text of nsswitch.conf. Undefined if it does not exist. */
  readonly services: string | undefined;
  /** Whether a daemon (nscd) resolves names for all processes. */
  readonly hasDaemon: boolean;
}

/** The first glibc that has `RES_OPTIONS=no-aaaa`: major and minor version. */
const FIRST_GLIBC = [2, 36] as const;

/** Services that support the option, or whose answers are IPv4 addresses of this machine and its own network. */
const BOUNDED_SERVICES = new Set(["files", "dns", "myhostname", "mymachines", "mdns4", "mdns4_minimal"]);

const DAEMON_SOCKET = "/var/run/nscd/socket";

const reportSchema = z.object({ header: z.object({ glibcVersionRuntime: z.string().optional() }) });

/** Whether `RES_OPTIONS=no-aaaa` restricts all names to IPv4 addresses. */
export function isResolverBounded({ glibc, services = "", hasDaemon }: Resolver): boolean {
  if (hasDaemon || glibc === undefined || !isAtLeast(glibc)) return false;
  const [, hosts = "files dns"] = /^hosts:([^#\n]*)/m.exec(services) ?? [];
  return hosts
    .replaceAll(/\[[^\]]*\]/g, " ")
    .split(/\s+/)
    .every((service) => service === "" || BOUNDED_SERVICES.has(service));
}

/** How names resolve on this machine. */
export function readResolver(): Resolver {
  // Otherwise it would look up the names of all peers.
  Object.assign(process.report, { excludeNetwork: true });
  const { header } = reportSchema.parse(process.report.getReport());
  return { glibc: header.glibcVersionRuntime, services: readServices(), hasDaemon: existsSync(DAEMON_SOCKET) };
}

function isAtLeast(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [firstMajor, firstMinor] = FIRST_GLIBC;
  return major > firstMajor || (major === firstMajor && minor >= firstMinor);
}

function readServices(): string | undefined {
  const path = "/etc/nsswitch.conf";
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}
