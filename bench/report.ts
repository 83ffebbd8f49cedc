import { cpus, totalmem } from "node:os";
import type { CommandRow } from "./commands/mod.ts";
import type { Figures } from "./load/mod.ts";
import { PLAN, REST, RIVALS } from "./plan.ts";
import type { ProgressFigures } from "./progress/mod.ts";

export interface Row extends Figures {
  readonly name: string;
}

/** All that one run found. Written as JSON. */
export interface Report {
  readonly at: string;
  readonly machine: string;
  readonly secondsPerFigure: number;
  readonly rows: readonly Row[];
  readonly commands: readonly CommandRow[];
  readonly progress: ProgressFigures;
  readonly ratios: readonly Ratio[];
}

/** One line divided by another, at the same number of connections. */
interface Ratio {
  readonly line: string;
  readonly by: string;
  readonly connections: number;
  readonly perSecond: number;
  readonly p50: number;
}

export function describeMachine(): string {
  const [cpu] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} × ${cpu?.model.trim()}, ${memory} GiB, ${process.platform} ${process.arch}, Node ${process.version}`;
}

/** Hearth's REST by each rival that there is, then what else Hearth has by its REST. */
export function ratiosOf(rows: readonly Row[]): Report["ratios"] {
  const rivals = RIVALS.flatMap(({ name }) => ratios(rows, { line: REST.name, by: name }));
  const others = new Set(PLAN.filter(({ system, name }) => system === "hearth" && name !== REST.name));
  return [...rivals, ...[...others].flatMap(({ name }) => ratios(rows, { line: name, by: REST.name }))];
}

function ratios(rows: readonly Row[], { line, by }: Pick<Ratio, "line" | "by">): Ratio[] {
  return rows
    .filter(({ name }) => name === line)
    .flatMap((one): Ratio[] => {
      const { connections } = one;
      const other = rows.find((row) => row.name === by && row.connections === connections);
      if (!one.p50Ms || !other?.p50Ms) return [];
      return [{ line, by, connections, perSecond: one.perSecond / other.perSecond, p50: one.p50Ms / other.p50Ms }];
    });
}

/** The report as Markdown. */
export function formatReport(report: Report): string {
  const { rows, commands, progress, ratios } = report;
  return [
    `${report.machine}; ${report.secondsPerFigure} s a figure; ${report.at.slice(0, 10)}`,
    "",
    ...table(
      ["warm word count, answer awaited", "connections", "per second", "p50 ms", "p99 ms", "failed"],
      rows.map((row) => [
        row.name,
        String(row.connections),
        row.perSecond.toFixed(0),
        milliseconds(row.p50Ms),
        milliseconds(row.p99Ms),
        String(row.failures),
      ]),
    ),
    "",
    ...table(
      ["ratio", "connections", "throughput", "p50"],
      ratios.map(({ line, by, connections, perSecond, p50 }) => [
        `${line} ÷ ${by}`,
        String(connections),
        `${perSecond.toFixed(2)} ×`,
        `${p50.toFixed(2)} ×`,
      ]),
    ),
    "",
    ...table(
      ["Hearth, one call at a time", "times", "p50 ms", "p99 ms", "worst ms"],
      commands.map(({ name, count, p50Ms, p99Ms, worstMs }) => [
        name,
        String(count),
        milliseconds(p50Ms),
        milliseconds(p99Ms),
        milliseconds(worstMs),
      ]),
    ),
    "",
    ...table(
      ["progress events of one job", "events", "per second", "memory of the gateway, MiB"],
      [
        ["to one watcher", progress.perSecond, progress.memoryMiB[0]] as const,
        ["to one watcher, beside one that has stopped reading", progress.besideStopped, progress.memoryMiB[1]] as const,
      ].map(([name, perSecond, memory]) => [
        name,
        String(progress.events),
        perSecond.toFixed(0),
        memory === null ? "–" : memory.toFixed(0),
      ]),
    ),
  ].join("\n");
}

export function milliseconds(value: number | null): string {
  return value === null ? "–" : value.toFixed(2);
}

/** A table of Markdown: first column to the left, the others to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join(" | ")} |`;
  const rule = `| ${widths.map((width, column) => (column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)).join(" | ")} |`;
  return [line(head), rule, ...rows.map(line)];
}
