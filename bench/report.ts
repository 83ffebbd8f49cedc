import { cpus, totalmem } from "node:os";
import type { CommandRow } from "./commands/mod.ts";
import type { Figures } from "./load/mod.ts";
import { COMPARISONS } from "./plan.ts";
import type { ProgressRow } from "./progress/mod.ts";

export interface Row extends Figures {
  readonly name: string;
}

/** Results of one run, written as JSON. */
export interface Report {
  readonly at: string;
  readonly machine: string;
  readonly secondsPerFigure: number;
  readonly rows: readonly Row[];
  readonly progress: readonly ProgressRow[];
  readonly commands: readonly CommandRow[];
  /** Excludes alternatives that are not installed. */
  readonly ratios: readonly Ratio[];
}

/** The figures of one measurement divided by those of another. */
interface Ratio {
  /** "<one> ÷ <other>" */
  readonly name: string;
  readonly connections: number;
  readonly perSecond: number;
  readonly p50: number;
}

export function describeMachine(): string {
  const [cpu] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} × ${cpu?.model.trim()}, ${memory} GiB, ${process.platform} ${process.arch}, Node ${process.version}`;
}

export function ratiosOf(rows: readonly Row[]): Report["ratios"] {
  return COMPARISONS.flatMap(([{ name: one }, { name: other }]) =>
    rows
      .filter(({ name }) => name === other)
      .flatMap((theirs): Ratio[] => {
        const { connections } = theirs;
        const ours = rows.find((row) => row.name === one && row.connections === connections);
        if (!theirs.p50Ms || !ours?.p50Ms) return [];
        const name = `${one} ÷ ${other}`;
        return [{ name, connections, perSecond: ours.perSecond / theirs.perSecond, p50: ours.p50Ms / theirs.p50Ms }];
      }),
  );
}

/** The report as Markdown. */
export function formatReport(report: Report): string {
  const { rows, progress, commands, ratios } = report;
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
      ["compared", "connections", "throughput", "p50"],
      ratios.map((ratio) => [
        ratio.name,
        `${ratio.connections}`,
        `${ratio.perSecond.toFixed(2)} ×`,
        `${ratio.p50.toFixed(2)} ×`,
      ]),
    ),
    "",
    ...table(
      ["Hearth, one job that reports progress", "events", "per second", "gateway before MiB", "after MiB"],
      progress.map((row) => [
        row.name,
        String(row.events),
        row.perSecond.toFixed(0),
        row.memoryBeforeMib.toFixed(0),
        row.memoryAfterMib.toFixed(0),
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
  ].join("\n");
}

export function milliseconds(value: number | null): string {
  return value === null ? "–" : value.toFixed(2);
}

/** A Markdown table. The first column is left-aligned, the others right-aligned. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join(" | ")} |`;
  const rule = `| ${widths.map((width, column) => (column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)).join(" | ")} |`;
  return [line(head), rule, ...rows.map(line)];
}
