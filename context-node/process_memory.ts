import { readFileSync } from "node:fs";

/** Resident memory of a process in bytes, without pages of files. 0 if the operating system does not report it. */
export function residentBytes(processId: number | undefined): number {
  if (processId === undefined) return 0;
  let status: string;
  try {
    status = readFileSync(`/proc/${processId}/status`, "utf8");
  } catch {
    // The process has ended, or there is no /proc.
    return 0;
  }
  const kibibytes = [...status.matchAll(/^Rss(?:Anon|Shmem):\s+(\d+) kB$/gm)].map(([, value]) => Number(value));
  return 1024 * kibibytes.reduce((sum, value) => sum + value, 0);
}
