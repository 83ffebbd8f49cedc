/** The thread that reads one jar: its cost is bounded, and ends with the thread. */
import { parentPort, workerData } from "node:worker_threads";
import { JarError } from "./jar_entries.ts";
import type { JarLimits } from "./jar_limits.ts";
import { type JarContents, readJar } from "./read_jar.ts";

/** Input of the thread. */
export interface JarTask {
  readonly content: SharedArrayBuffer;
  readonly limits: JarLimits;
}

/** Result of the thread. It ends with an error in any other case. */
export type JarAnswer =
  | { readonly type: "read"; readonly contents: JarContents }
  | { readonly type: "refused"; readonly message: string };

function answer({ content, limits }: JarTask): JarAnswer {
  try {
    return { type: "read", contents: readJar(new Uint8Array(content), limits) };
  } catch (error) {
    if (error instanceof JarError) return { type: "refused", message: error.message };
    throw error;
  }
}

parentPort?.postMessage(answer(workerData));
