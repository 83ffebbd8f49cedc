import { existsSync, globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { findCycles, type Import, readSources } from "./module_graph.ts";

const ROOT = resolve(import.meta.dirname, "..");

/** What each folder may import of the others. The arrows of ARCHITECTURE.md. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  lib: ["proto"],
  proto: [],
  "plugins/contract": ["proto"],
  "plugins/files": [],
  "plugins/nats": ["lib"],
  "plugins/command-line": [],
  plugins: ["lib", "proto", "plugins/contract", "plugins/files", "plugins/nats", "plugins/command-line"],
  cluster: ["lib", "proto", "plugins/files", "plugins/nats", "plugins/command-line"],
  gateway: ["lib", "proto", "plugins/contract", "cluster"],
  "context-node": ["lib", "proto", "cluster"],
  standalone: ["lib", "cluster"],
  examples: ["standalone", "context-node"],
  bench: ["proto", "standalone", "context-node", "examples"],
  docs: ["cluster", "gateway", "context-node", "standalone"],
};

/** The rooms of the gateway, from top to bottom. Each imports rooms of the floors below its own only, types included. */
const GATEWAY_FLOORS: readonly (readonly string[])[] = [
  ["main"],
  ["gateway"],
  ["config", "readiness"],
  ["serve", "callbacks"],
  ["spark"],
  ["rpc"],
  ["core", "recovery", "retention"],
  ["jobs"],
  ["binaries", "content", "data", "intake"],
  ["access"],
  ["audit", "contexts"],
  ["state"],
  ["events", "jars", "nodes"],
  ["bundler", "ids", "limits", "outgoing", "plugins", "result_text"],
];

/** What other folders may import of a folder, where it is not `mod.ts` alone. */
const DOORS: Readonly<Record<string, RegExp>> = {
  // The two planes, plugins out of process, the catalogue of errors, and what the protos of others generate.
  proto: /^proto\/((mod|node|errors|remote_plugin)\.ts|gen\/es\/(google|buf)\/.*)$/,
  // The reference of the configuration is made of what checks it.
  gateway: /^gateway\/(config|plugins\/mod)\.ts$/,
  // Examples of Spark jobs are compiled as the driver is.
  "context-node": /^context-node\/(config|spark\/(toolchain|install)\/mod)\.ts$/,
  standalone: /^standalone\/(mod|config)\.ts$/,
  // The bench of Spark runs the example jobs.
  examples: /^examples\/spark\/build\.ts$/,
};

/** Foreign libraries, and the only files that may import them. Types of any library may be named anywhere. */
const FENCES: readonly { library: RegExp; files: RegExp }[] = [
  {
    library: /^@connectrpc\//,
    files: /^gateway\/(rpc|serve|spark)\/|^lib\/transcode\/|^proto\/errors(\.ts$|\/)|^bench\//,
  },
  { library: /^@nats-io\//, files: /(discovery|announce|event|nats|main)[^/]*(\/|\.ts$)|^bench\// },
  { library: /^@grpc\//, files: /(session|remote)[^/]*(\/|\.ts$)|^proto\/node\.ts$|^bench\// },
  {
    library: /^node:sqlite$/,
    files: /^plugins\/[^/]*sqlite[^/]*\/|^(standalone|context-node\/spark\/toolchain)\/lock\.ts$|^bench\//,
  },
  { library: /^pg$/, files: /^plugins\/[^/]*postgres[^/]*\// },
  { library: /^jose$/, files: /^plugins\/[^/]*jwt[^/]*\// },
  { library: /^esbuild(-wasm)?$/, files: /(bundle|deno_program)[^/]*(\/|\.ts$)/ },
  { library: /^pino$/, files: /(main|log|logger)\.ts$|^bench\// },
];

/** The machine's surroundings: read by configuration and composition roots, passed down from there. */
const SURROUNDINGS = /\bprocess\.(env|argv|exit|on)\b|\bconsole\.\w+\(/;
const ROOTS = /(^|[/_])(main|config|log|logger)\.ts$/;

/** The code that runs inside Deno has an architecture of its own. */
const SANDBOX = "context-node/deno/sandbox/";

const sources = readSources(ROOT, [
  "lib",
  "proto",
  "plugins",
  "cluster",
  "gateway",
  "context-node",
  "standalone",
  "examples",
  "bench",
  "docs",
]);
/** Tests, programs that tests start, and what tests share. */
const TESTS = /(\.test|_child)\.ts$|\/testing\//;
const shipped = sources.filter(({ path }) => !TESTS.test(path) && !path.startsWith(SANDBOX));
const imports = shipped.flatMap((source) => source.imports).filter(({ to }) => to !== "package.json");

function folderOf(path: string): string {
  if (/^(plugins|lib)\//.test(path)) return path.split("/").slice(0, 2).join("/");
  return path.split("/")[0] ?? path;
}

/** The folder or the file directly below a top-level folder. */
function roomOf(path: string): string {
  return (path.split("/")[1] ?? "").replace(/\.ts$/, "");
}

function say(each: Import): string {
  return `${each.from} → ${each.to}`;
}

test("folders import each other along the arrows of the architecture only", () => {
  const wrong = imports.filter(({ from, to, isOurs }) => {
    const [source, target] = [folderOf(from), folderOf(to)];
    if (!isOurs || source === target) return false;
    const allowed = ARROWS[source] ?? ARROWS[source.split("/")[0] ?? ""] ?? [];
    return !allowed.includes(target) && !allowed.includes(target.split("/")[0] ?? "");
  });
  expect(wrong.map(say)).toEqual([]);
});

test("imports between folders go through the folder's door", () => {
  const wrong = imports.filter(({ from, to, isOurs }) => {
    const target = folderOf(to);
    if (!isOurs || folderOf(from) === target) return false;
    return !(DOORS[target]?.test(to) ?? to === `${target}/mod.ts`);
  });
  expect(wrong.map(say)).toEqual([]);
});

test("the libraries know nothing of Hearth", () => {
  const ours = imports.filter(({ from, isOurs }) => isOurs && from.startsWith("lib/"));
  const wrong = ours.filter(
    ({ from, to }) => folderOf(from) !== folderOf(to) && !/^proto\/gen\/es\/(google|buf)\//.test(to),
  );
  expect(wrong.map(say)).toEqual([]);
});

test("no files import each other in a ring", () => {
  expect(findCycles(sources)).toEqual([]);
});

test("rooms of the gateway import the floors below them only, through the room's door", () => {
  const floors = new Map(GATEWAY_FLOORS.flatMap((rooms, floor) => rooms.map((room) => [room, floor])));
  const ours = imports.filter(({ from, to }) => from.startsWith("gateway/") && to.startsWith("gateway/"));
  const wrong = ours.filter(({ from, to }) => {
    const [source, target] = [roomOf(from), roomOf(to)];
    if (source === target) return false;
    const isBelow = (floors.get(source) ?? Number.NaN) < (floors.get(target) ?? Number.NaN);
    return !isBelow || !(to === `gateway/${target}/mod.ts` || to === `gateway/${target}.ts`);
  });
  expect(wrong.map(say)).toEqual([]);
});

/** A path of this repository in the text of a document, such as `gateway/jobs` or `proto/states.ts`. */
const MENTIONED = /`((?:gateway|context-node|cluster|lib|plugins|proto|standalone|test)\/[\w./-]*\w)`/g;

test("documents name files and folders that exist", () => {
  const documents = globSync(["*.md", "docs/*.md", "lib/*.md"], { cwd: ROOT });
  const missing = documents.flatMap((document) => {
    const text = readFileSync(join(ROOT, document), "utf8");
    const paths = [...text.matchAll(MENTIONED)].map(([, path = ""]) => path);
    return paths.filter((path) => !existsSync(join(ROOT, path))).map((path) => `${document}: ${path}`);
  });
  expect(missing).toEqual([]);
});

test("foreign libraries stay inside their fences", () => {
  const wrong = imports.filter(
    ({ from, to, isTypeOnly }) =>
      !isTypeOnly && FENCES.some(({ library, files }) => library.test(to) && !files.test(from)),
  );
  expect(wrong.map(say)).toEqual([]);
});

test("the process's environment, arguments, signals and console are touched by main, configuration and logger only", () => {
  const scripts = /^(bench|examples)\//;
  const wrong = shipped.filter(
    ({ path, text }) => !ROOTS.test(path) && !scripts.test(path) && SURROUNDINGS.test(codeOf(text)),
  );
  expect(wrong.map(({ path }) => path)).toEqual([]);
});

function codeOf(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$|"[^"\n]*"/gm, "");
}
