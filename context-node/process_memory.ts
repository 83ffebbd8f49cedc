import { readFileSync } from "node:fs";

/** Resident memory of a process in bytes, but for pages of files; 0 where the operating system does not say. */
export function residentBytes(processId: number | undefined): number {
  if (processId === undefined) return 0;
  let status: string;
  try {
    status = readFileSync(`/proc/${processId}/status`, "utf8");
  } catch {
    // The process has just ended, or there is no /proc here.
    return 0;
  }
  const kibibytes = [...status.matchAll(/^Rss(?:Anon|Shmem):\s+(\d+) kB$/gm)].map(([, value]) => Number(value));
  return 1024 * kibibytes.reduce((sum, value) => sum + value, 0);
}
