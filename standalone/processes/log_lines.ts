const LEVELS: Readonly<Record<number, string>> = {
  10: "trace",
  20: "debug",
  30: "info",
  40: "WARN",
  50: "ERROR",
  60: "FATAL",
};

/** Fields that are not shown on a terminal. */
const SILENT_FIELDS = new Set(["level", "time", "msg", "pid", "hostname", "name", "err"]);

/** One line of a process's JSON log, or of its plain output, for a terminal. */
export function formatLogLine(source: string, line: string): string {
  const entry = parseLogLine(line);
  if (!entry) return `${source.padEnd(10)} ${line}`;
  const { level, time, msg, err } = entry;
  const fields = Object.entries(entry)
    .filter(([name]) => !SILENT_FIELDS.has(name))
    .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`);
  const clock = new Date(typeof time === "number" ? time : Date.now()).toISOString().slice(11, 19);
  const text = [clock, source.padEnd(10), (LEVELS[Number(level)] ?? "").padEnd(5), msg, ...fields].join(" ");
  return isError(err) ? `${text}\n${err.stack ?? err.message}` : text;
}

/** Numeric level of a line. Infinity for plain output. */
export function levelOf(line: string): number {
  const level = parseLogLine(line)?.level;
  return typeof level === "number" ? level : Number.POSITIVE_INFINITY;
}

/** Undefined for a line that is not JSON. */
export function parseLogLine(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function isError(value: unknown): value is { message: string; stack?: string } {
  return typeof value === "object" && value !== null && "message" in value;
}
