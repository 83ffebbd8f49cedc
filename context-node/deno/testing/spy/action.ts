/** The type of an action, and values that actions share. */
import type { NamedObjects } from "../../../hearth.ts";
import type { Loose } from "./natives.ts";

export interface Given {
  readonly config: {
    readonly modules: readonly string[];
    /** Replaces the properties of objects whose path starts with this. */
    readonly only: string;
    readonly http?: number;
    readonly tcp?: number;
  };
  readonly log: Record<"debug" | "info" | "warn" | "error", (text: string) => void>;
  readonly data: {
    list(): Promise<string[]>;
    text(name: string): Promise<string>;
  };
  readonly objects: NamedObjects;
  progress(fraction: number, message?: string): void;
}

export type Modules = Record<string, Loose>;

/** A name, and something that Deno or Node does for a job. */
export type Action = readonly [string, () => unknown];

export const chunk = new Uint8Array([1, 2, 3]);

export function streamOf(value: unknown): ReadableStream {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(value);
      controller.close();
    },
  });
}

export async function drain(stream: ReadableStream): Promise<void> {
  for await (const each of stream) void each;
}
