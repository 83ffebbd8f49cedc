import type { Options } from "../../cluster/mod.ts";
import type { Key, KeyGroup } from "./keys.ts";

/** A process and its flags. */
export interface Program {
  readonly command: string;
  readonly options: Options;
}

/** A bundled plugin, or the settings of plugins out of process. */
export interface DescribedPlugin {
  readonly name: string;
  /** Anchor of its heading. */
  readonly anchor: string;
  readonly groups: readonly KeyGroup[];
}

export interface Example {
  readonly title: string;
  /** Its command. */
  readonly start: string;
  readonly text: string;
}

export interface Page {
  readonly programs: readonly Program[];
  readonly examples: readonly Example[];
  readonly sections: readonly KeyGroup[];
  readonly plugins: readonly DescribedPlugin[];
}

/** The whole page as Markdown. */
export function printPage({ programs, examples, sections, plugins }: Page): string {
  const links = [
    ...sections.map(({ path }) => `[\`${path}\`](#${anchorOf(path)})`),
    ...plugins.map(({ name, anchor }) => `[${name}](#${anchor})`),
  ];
  return `${[
    "# Configuration",
    "<!-- Made by `npm run generate` from the schemas that check the configuration: change those. -->",
    INTRODUCTION,
    `Sections: ${links.join(" · ")}`,
    ...examples.flatMap(({ title, start, text }) => [`## ${title}`, start, `\`\`\`json\n${text.trim()}\n\`\`\``]),
    "## Flags and environment",
    ENVIRONMENT,
    ...programs.map(printProgram),
    ...sections.map((group) => printGroup(group, { heading: heading(group.path), prefix: "" })),
    "## Plugins",
    PLUGINS,
    ...plugins.map(printPlugin),
  ].join("\n\n")}\n`;
}

const INTRODUCTION = `One JSON file, named by \`--config\`, tells all processes what to do. Gateways read \`nats\`, \`cluster\` and \`gateway\`, nodes \`nats\`, \`cluster\` and
\`node\`; all of them may be given the same file. Nothing has to be in it. Flags override the file.

Paths of files are relative to the directory in which a process is started, paths of plugins to the configuration file. What stands in a file that is named here
(certificates, passwords) is not shown in logs and errors.

A configuration that is wrong is refused before anything is started, with all its faults at once: keys that do not exist, values that cannot be, files that cannot be read, plugins
that cannot be loaded, and what is wrong with their own parts. \`--check\` does only that:

\`\`\`sh
node gateway/main.ts --config hearth.json --check
\`\`\`

What a context may be asked for is told in [contexts.md](contexts.md).`;

const ENVIRONMENT =
  "Gateways and nodes log lines of JSON to standard output. A flag overrides its environment variable.";

const PLUGINS = `Keys of \`config\` beside \`plugin\`. [plugins.md](plugins.md) and [security.md](security.md#auth-plugins) describe the plugins.`;

function printProgram({ command, options }: Program): string {
  const rows = Object.entries(options).map(([name, { value, meaning, keys = [], variable }]) => [
    `\`--${name}${value === undefined ? "" : ` <${value}>`}\``,
    variable === undefined ? "" : `\`${variable}\``,
    keys.map((key) => `[\`${key}\`](#${key})`).join(", "),
    meaning,
  ]);
  return `\`${command}\`\n\n${table(["flag", "environment", "overrides", "meaning"], rows)}`;
}

function printPlugin({ name, anchor, groups }: DescribedPlugin): string {
  const [own, ...inner] = groups;
  const keys = groups.flatMap((group, index) => (index === 0 ? group.keys : [asKey(group), ...group.keys]));
  if (own === undefined || keys.length === 0) return `### ${name}\n\nNo keys.`;
  const rules = [own, ...inner].flatMap((group) => group.rules);
  return printGroup({ ...own, keys, rules }, { heading: `### ${name}`, prefix: `${anchor}.` });
}

/** An object as a row above its keys. */
function asKey({ path, meaning }: KeyGroup): Key {
  return { path, type: "object", default: "", meaning };
}

function printGroup(
  { meaning, keys, rules }: KeyGroup,
  { heading: title, prefix }: { readonly heading: string; readonly prefix: string },
): string {
  const rows = keys.map((key) => [
    `<a id="${prefix}${key.path}"></a>\`${key.path}\``,
    key.type,
    key.default,
    key.meaning,
  ]);
  const parts = [title, meaning === "" ? "" : `${meaning}.`, table(["key", "type", "default", "meaning"], rows)];
  return [...parts, rules.map((rule) => `- ${rule}`).join("\n")].filter((part) => part !== "").join("\n\n");
}

function heading(path: string): string {
  return `${path.includes(".") ? "###" : "##"} \`${path}\``;
}

/** The anchor that GitHub generates for a heading. */
function anchorOf(path: string): string {
  return path.toLowerCase().replaceAll(/[^\w-]/g, "");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `|${cells.map((cell) => (cell === "" ? " " : ` ${cell.replaceAll("|", "\\|")} `)).join("|")}|`;
  return [line(head), `|${head.map(() => "---").join("|")}|`, ...rows.map(line)].join("\n");
}
