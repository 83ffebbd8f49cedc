import { type Action, chunk } from "./action.ts";
import { apply, construct, ownKeys, scope, startTimer } from "./natives.ts";
import { read } from "./walk.ts";

/** The functions of the namespace `Deno`. */
export function denoActions(): readonly Action[] {
  const deno = scope.Deno;
  return [
    [
      "Deno",
      async () => {
        for (const name of ownKeys(deno)) {
          if (name === "exit" || name === "connect" || name === "connectTls") continue;
          const value = read(deno, name);
          if (typeof value === "function") {
            try {
              await Promise.race([apply(value, deno, ["x", {}]), new Promise((resolve) => startTimer(resolve, 2))]);
            } catch {}
            try {
              construct(value, ["x"]);
            } catch {}
          }
        }
      },
    ],
    [
      "Deno.inspect",
      () =>
        deno.inspect(
          { a: new Map([[1, process]]), b: globalThis },
          { depth: 5, showProxy: true, getters: true, showHidden: true },
        ),
    ],
    [
      "Deno.stdout",
      async () => {
        await deno.stdout.write(chunk);
        deno.stdout.writeSync(chunk);
      },
    ],
    ["Deno.connect refused", () => deno.connect({ hostname: "10.0.0.1", port: 1 })],
    ["Deno.connectTls refused", () => deno.connectTls({ hostname: "10.0.0.1", port: 1 })],
    ["Deno.resolveDns", () => deno.resolveDns?.("x.invalid", "A")],
  ];
}
