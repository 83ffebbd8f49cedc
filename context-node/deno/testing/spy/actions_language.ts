import type { Action } from "./action.ts";
import { defineProperty, getPrototypeOf, type Loose, ownKeys } from "./natives.ts";
import { known } from "./record.ts";
import { read } from "./walk.ts";

/** Errors, evaluation, and other globals. */
export function languageActions(): readonly Action[] {
  return [
    [
      "errors",
      () => {
        const error = new Error("x", { cause: new AggregateError([new Error("y")]) });
        void error.stack;
        defineProperty(error, "stack", {
          get() {
            return "z";
          },
        });
        console.error(error);
        Error.captureStackTrace({});
      },
    ],
    [
      "DOMException",
      () => {
        void new DOMException("x", "AbortError").stack;
        console.log(new DOMException("x"));
      },
    ],
    [
      "navigator",
      () => {
        for (const name of ownKeys(getPrototypeOf(navigator) as object)) read(navigator, name);
      },
    ],
    [
      "eval",
      () => {
        try {
          new Function("syntax error");
        } catch {}
        new Function("return 1")();
      },
    ],
    [
      "atob",
      () => {
        atob(btoa("x"));
        try {
          atob("?");
        } catch {}
      },
    ],
    [
      "finalization",
      () => {
        new FinalizationRegistry(() => {}).register({}, 1);
        new WeakRef({}).deref();
      },
    ],
    [
      "Atomics",
      () => {
        const view = new Int32Array(new SharedArrayBuffer(4));
        known.add(view);
        return Atomics.waitAsync(view, 0, 0, 1).value;
      },
    ],
    [
      "prompts",
      () => {
        const it = globalThis as Loose;
        it.alert?.("x");
      },
    ],
    ["FileReader and files", () => new Response(new File(["x"], "y")).blob()],
    [
      "image data",
      () => {
        const it = globalThis as Loose;
        if (it.ImageData) new it.ImageData(1, 1);
        if (it.DOMMatrix) new it.DOMMatrix([1, 0, 0, 1, 0, 0]);
      },
    ],
  ];
}
