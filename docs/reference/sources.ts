import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { clusterSection, natsSection } from "../../cluster/mod.ts";
import { OPTIONS as NODE_OPTIONS, nodeSection } from "../../context-node/config.ts";
import { OPTIONS as GATEWAY_OPTIONS, gatewaySection } from "../../gateway/config.ts";
import { remoteSettings } from "../../gateway/plugins/mod.ts";
import { OPTIONS as STANDALONE_OPTIONS } from "../../standalone/config.ts";
import { describeSection } from "./keys.ts";
import type { DescribedPlugin, Example, Page } from "./page.ts";

const ROOT = resolve(import.meta.dirname, "../..");

/** Complete configurations, one for each use: files of `examples/configuration`. */
export const EXAMPLES = [
  {
    title: "One machine",
    file: "one-machine.json",
    start: "`npm start -- --config hearth.json --data-dir /var/lib/hearth`",
  },
  {
    title: "Many machines, with TLS and PostgreSQL",
    file: "many-machines.json",
    start:
      "`node gateway/main.ts --config hearth.json` and `node context-node/main.ts --config hearth.json`, each on as many machines as you like; `node.advertise` and the certificates are those of one machine.",
  },
] as const;

/** Sources of the page: the schemas that check the configuration. */
export async function readSources(): Promise<Page> {
  const plugins = readdirSync(resolve(ROOT, "plugins")).filter((name) => /^(dao|blobs|auth)-/.test(name));
  const builtIn = await Promise.all(plugins.sort().map(describePlugin));
  return {
    programs: [
      { command: "npm start -- [flags]", options: STANDALONE_OPTIONS },
      { command: "node gateway/main.ts [flags]", options: GATEWAY_OPTIONS },
      { command: "node context-node/main.ts [flags]", options: NODE_OPTIONS },
    ],
    examples: EXAMPLES.map(readExample),
    sections: [
      ...describeSection("nats", natsSection),
      ...describeSection("cluster", clusterSection),
      ...describeSection("gateway", gatewaySection),
      ...describeSection("node", nodeSection),
    ],
    plugins: [
      ...builtIn,
      { name: "Out of process", anchor: "out-of-process", groups: describeSection("", remoteSettings) },
    ],
  };
}

async function describePlugin(name: string): Promise<DescribedPlugin> {
  const { default: plugin } = await import(resolve(ROOT, "plugins", name, "mod.ts"));
  return { name: `\`hearth:${name}\``, anchor: `hearth${name}`, groups: describeSection("", plugin.config) };
}

function readExample({ title, start, file }: (typeof EXAMPLES)[number]): Example {
  return { title, start, text: readFileSync(resolve(ROOT, "examples/configuration", file), "utf8") };
}
