import type { Action, Given } from "./action.ts";
import type { Loose } from "./natives.ts";

const importOf = (specifier: string, options?: ImportCallOptions): Promise<unknown> => import(specifier, options);

/** Modules that a job imports. */
export function importActions({ config }: Given): readonly Action[] {
  return [
    ["import data:", () => importOf("data:text/javascript,export default 1")],
    ["import data: that throws", () => importOf("data:text/javascript,throw new Error('x')")],
    ["import JSON", () => importOf("data:application/json,{}", { with: { type: "json" } })],
    ["import refused", () => import("node:vm")],
    ["import npm:", () => importOf("npm:x")],
    ["import file:", () => importOf("file:///x.js")],
    [
      "a module that imports",
      async () =>
        import(
          `data:text/javascript,${encodeURIComponent("import fs from 'node:fs'; import { Worker } from 'node:worker_threads'; export { fs };")}`
        ),
    ],
    ...config.modules.map((name) => [`import ${name}`, () => import(`node:${name}`)] as const),
    ...config.modules.map(
      (name) => [`getBuiltinModule ${name}`, () => (process as Loose).getBuiltinModule(`node:${name}`)] as const,
    ),
  ];
}
