import { type Action, chunk, type Given } from "./action.ts";
import type { Loose } from "./natives.ts";

/** The console, and the job's context. */
export function contextActions({ log, data, objects, progress }: Given): readonly Action[] {
  return [
    ...["log", "info", "warn", "error", "debug", "dir", "dirxml", "trace", "group", "groupEnd", "count"].map(
      (name) =>
        [
          `console.${name}`,
          () => (console as Loose)[name]({ a: [1, new Map([[1, new Set([2])]])] }, new Error("x")),
        ] as const,
    ),
    [
      "console of odd things",
      () =>
        console.log(
          new Proxy({}, {}),
          new URL("http://x"),
          new Blob([]),
          chunk,
          Promise.resolve(1),
          new (class A {
            get x() {
              return 1;
            }
          })(),
          Symbol("x"),
          new Headers(),
          new Event("x"),
          /x/,
          new Date(0),
          globalThis.process,
        ),
    ],
    [
      "console.time",
      () => {
        console.time("x");
        console.timeLog("x");
        console.timeEnd("x");
        console.assert(false, "x");
      },
    ],
    [
      "log",
      () => {
        log.debug("x");
        log.info("x");
        log.warn("x");
        log.error("x");
      },
    ],
    ["progress", () => progress(0.1, "x")],
    ["data.list", () => data.list()],
    ["data.text", () => data.text("rates.csv")],
    [
      "objects",
      async () => {
        await objects.getOrElseCreate("made", () => ({ rows: [1], map: new Map(), bytes: new Uint8Array(3) }));
        await objects.update("x", { y: 1 });
        await objects.get("x");
        await objects.list();
        await objects.forget("x");
      },
    ],
  ];
}
