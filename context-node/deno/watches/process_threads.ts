import { readdirSync, readFileSync } from "node:fs";

/** A thread of a process that runs an executor. */
export interface ExecutorThread {
  /** The number of the executor: Deno numbers the workers of a process in the order of their start, and names their threads so. */
  readonly executor: number;
  /** Processor time that it has used so far, in milliseconds. */
  readonly cpuMs: number;
}

const THREAD_NAME = /^worker-(\d+)$/;

/** Milliseconds of one unit of /proc/PID/stat; 100 a second on every Linux (sysconf(_SC_CLK_TCK)). */
const TICK_MS = 10;

/** Position of utime and stime behind the name in /proc/PID/task/TID/stat (https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html). */
const UTIME = 11;
const STIME = 12;

/** The threads of a process, but for its main one. */
export interface Threads {
  readonly executors: readonly ExecutorThread[];
  /** Processor time of the others so far, in milliseconds: of Deno's pool, where native computations of jobs run, and of V8's helpers. */
  readonly poolCpuMs: number;
}

/** Undefined where the process is gone, or the system has no /proc. */
export function readThreads(pid: number): Threads | undefined {
  const folder = `/proc/${pid}/task`;
  const executors: ExecutorThread[] = [];
  let poolCpuMs = 0;
  const tids = attempt(() => readdirSync(folder));
  if (tids === undefined) return undefined;
  for (const tid of tids) {
    const stat = Number(tid) === pid ? undefined : attempt(() => readFileSync(`${folder}/${tid}/stat`, "latin1"));
    if (stat === undefined) continue;
    const { executor, cpuMs } = parseStat(stat);
    if (executor === undefined) poolCpuMs += cpuMs;
    else executors.push({ executor, cpuMs });
  }
  return { executors, poolCpuMs };
}

/** `2635 (worker-1) S 1 …`; the name may have parentheses in it. */
function parseStat(stat: string): { executor: number | undefined; cpuMs: number } {
  const end = stat.lastIndexOf(")");
  const number = THREAD_NAME.exec(stat.slice(stat.indexOf("(") + 1, end))?.[1];
  const fields = stat.slice(end + 2).split(" ");
  const cpuMs = (Number(fields[UTIME]) + Number(fields[STIME])) * TICK_MS;
  return { executor: number === undefined ? undefined : Number(number), cpuMs };
}

/** Undefined where the file is not there: a thread may end at any time. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
