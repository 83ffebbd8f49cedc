/**
 * Runs in a network namespace with its own name server only. A context that was granted names which resolve to loopback tries to connect to
 * them. Prints the outcomes as JSON.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import { outcomeOf, startSandbox, startTestRuntime } from "../../deno/testing/mod.ts";
import { withNetwork } from "../mod.ts";
import { startNameServer } from "./name_server.ts";

const LOOPBACK_IPV6 = `${"0".repeat(31)}1`;
const MAPPED_LOOPBACK = "00000000000000000000ffff7f000001";

const RECORDS = {
  "rebound.example.com": { a: "127.0.0.1" },
  "linked.example.com": { cname: "rebound.example.com" },
  "unspecified.example.com": { a: "0.0.0.0" },
  "six.example.com": { aaaa: LOOPBACK_IPV6 },
  "mapped.example.com": { aaaa: MAPPED_LOOPBACK },
  "both.example.com": { a: "198.51.100.7", aaaa: MAPPED_LOOPBACK },
};

const WAYS = {
  fetch: "return (await fetch('http://' + config.host + ':' + config.port)).text();",
  connect: "(await Deno.connect({ hostname: config.host, port: config.port })).close(); return 'connected';",
  net: `const { connect } = await import("node:net");
    await new Promise((resolve, reject) => connect(config.port, config.host).on("connect", resolve).on("error", reject));
    return "connected";`,
};

using names = await startNameServer(RECORDS);
const server = createServer((_, response) => response.end("reached")).listen(0, "::");
await once(server, "listening");
const address = server.address();
const port = typeof address === "object" && address !== null ? address.port : 0;
let connections = 0;
server.on("connection", () => {
  connections += 1;
});

const outcomes: Record<string, string> = {};
{
  await using deno = await startTestRuntime();
  const runtime = withNetwork(deno, { policy: { "*": ["*"] } });
  const net = Object.keys(RECORDS);
  await using sandbox = await startSandbox(runtime, { permissions: { net, secrets: [] } }, { reach: undefined });
  for (const host of net) {
    for (const [way, code] of Object.entries(WAYS)) {
      // The job tries to reset the resolver's option first.
      const undo = `Deno.env.set("RES_OPTIONS", ""); (await import("node:process")).env.RES_OPTIONS = "";`;
      const source = `export async function job({ config }) { ${undo} ${code} }`;
      const outcome = await outcomeOf(sandbox, source, { config: { host, port } });
      outcomes[`${way} ${host}`] = outcome.type === "succeeded" ? (outcome.json ?? "") : outcome.type;
    }
  }
}
server.close();
server.closeAllConnections();
process.stdout.write(JSON.stringify({ outcomes, connections, askedTypes: [...names.askedTypes] }));
