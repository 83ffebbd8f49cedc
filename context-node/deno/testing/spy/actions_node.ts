import { type Action, chunk, type Modules } from "./action.ts";
import { ownKeys } from "./natives.ts";

/** The other modules of Node. */
export function nodeActions(modules: Modules): readonly Action[] {
  return [
    [
      "node:util",
      async () => {
        const util = modules.util;
        util.inspect(
          { a: [1, new Map([[{}, new Proxy({}, {})]])], globalThis, process, custom: 1 },
          { depth: 4, showHidden: true, showProxy: true, getters: true },
        );
        util.inspect({
          [util.inspect.custom]() {
            return "x";
          },
        });
        util.format("%o %s %j %d", {}, {}, {}, 1);
        await util.promisify((done: (error: null, x: number) => void) => done(null, 1))();
        util.callbackify(async () => {
          throw new Error("x");
        })(() => {});
        util.deprecate(() => {}, "old", "DEP7")();
        util.debuglog("x")("y");
        util.isDeepStrictEqual({}, {});
        util.styleText?.("red", "x");
        util.parseArgs?.({ args: [], options: {} });
        util.getCallSites?.();
        util.inherits(function A() {}, modules.events.EventEmitter);
        util.types.isProxy({});
        util.aborted?.(new AbortController().signal, {});
        new util.TextDecoder().decode(chunk);
        util.getSystemErrorName?.(-2);
        util.getSystemErrorMap?.();
      },
    ],
    [
      "node:timers/promises",
      async () => {
        await modules["timers/promises"].setTimeout(1);
        await modules["timers/promises"].setImmediate();
        for await (const _ of modules["timers/promises"].setInterval(1)) break;
        await modules["timers/promises"].scheduler?.wait(1);
        await modules["timers/promises"].setTimeout(50, 1, { signal: AbortSignal.timeout(2) }).catch(() => {});
      },
    ],
    [
      "node:timers",
      () =>
        new Promise((resolve) => {
          modules.timers.setImmediate(() => {
            const each = modules.timers.setTimeout(resolve, 1);
            each.unref();
            each.ref();
            each.refresh();
            each.hasRef();
          });
        }),
    ],
    [
      "node:async_hooks",
      () => {
        const { AsyncLocalStorage, AsyncResource, executionAsyncResource } = modules.async_hooks;
        const storage = new AsyncLocalStorage();
        storage.run({}, () => AsyncLocalStorage.snapshot()(() => storage.getStore()));
        storage.enterWith(1);
        new AsyncResource("x").runInAsyncScope(() => {});
        executionAsyncResource?.();
      },
    ],
    [
      "node:assert",
      () => {
        try {
          modules.assert.deepStrictEqual({ a: 1 }, { a: 2 });
        } catch {}
        try {
          modules.assert(false);
        } catch {}
      },
    ],
    [
      "node:diagnostics_channel",
      () => {
        const it = modules.diagnostics_channel;
        for (const name of [
          "http.client.request.start",
          "net.client.socket",
          "worker_threads",
          "module.import",
          "console.log",
        ])
          it.subscribe(name, () => {});
        it.tracingChannel("x").traceSync(() => {});
        it.channel("a").subscribe(() => {});
        it.channel("a").publish({});
      },
    ],
    [
      "node:perf_hooks",
      () => {
        const it = modules.perf_hooks;
        try {
          new it.PerformanceObserver(() => {}).observe({ entryTypes: ["mark"] });
        } catch {}
        it.createHistogram?.().record(1);
        it.performance.timerify?.(() => {})();
        it.performance.eventLoopUtilization?.();
        it.performance.toJSON();
      },
    ],
    [
      "node:readline",
      async () => {
        const it = modules.readline.createInterface({
          input: modules.stream.Readable.from(["a\n", "b\n"]),
          output: new modules.stream.PassThrough(),
        });
        for await (const line of it) void line;
      },
    ],
    [
      "node:string_decoder",
      () => new modules.string_decoder.StringDecoder("utf8").end(modules.buffer.Buffer.from("x")),
    ],
    [
      "node:url",
      () => {
        modules.url.parse("http://a/b");
        modules.url.format({ host: "x" });
        modules.url.fileURLToPath("file:///x");
        modules.url.domainToASCII("ü");
      },
    ],
    [
      "node:v8",
      () => {
        const it = modules.v8;
        it.deserialize(it.serialize({ a: new Map([[1, chunk]]) }));
        new it.Serializer().writeValue({});
        it.getHeapStatistics?.();
      },
    ],
    [
      "node:dns",
      async () => {
        modules.dns?.lookup("localhost", () => {});
        await modules["dns/promises"]?.lookup("x.invalid");
      },
    ],
    [
      "node:worker_threads",
      () => {
        const it = modules.worker_threads;
        it?.receiveMessageOnPort?.({});
      },
    ],
    ["node:tty", () => modules.tty?.isatty(1)],
    [
      "node:os",
      () => {
        for (const name of ownKeys(modules.os.default)) {
          try {
            modules.os[name]();
          } catch {}
        }
      },
    ],
    ["node:querystring", () => modules.querystring.parse("a=b")],
    ["node:path", () => modules.path.resolve("x")],
  ];
}
