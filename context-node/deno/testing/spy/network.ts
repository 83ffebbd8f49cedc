import type { Action, Modules } from "./action.ts";
import { type Loose, scope } from "./natives.ts";

/** Connections of a job with network to the servers of the test. */
export function networkActions({ http, tcp }: { http: number; tcp: number }, modules: Modules): readonly Action[] {
  const deno = scope.Deno;
  const bytes = new Uint8Array([104, 105, 10]);
  return [
    [
      "Deno.connect",
      async () => {
        const it = await deno.connect({ hostname: "127.0.0.1", port: tcp });
        it.setNoDelay?.();
        it.setKeepAlive?.();
        await it.write(bytes);
        await it.read(new Uint8Array(8));
        void it.localAddr;
        it.ref?.();
        it.unref?.();
        await it.closeWrite();
        it.close();
      },
    ],
    [
      "Deno.connect, its streams",
      async () => {
        const it = await deno.connect({ hostname: "127.0.0.1", port: tcp });
        const writer = it.writable.getWriter();
        await writer.write(bytes);
        const reader = it.readable.getReader();
        await reader.read();
        await writer.close();
        await reader.cancel();
      },
    ],
    [
      "Deno.startTls",
      async () => {
        const it = await deno.connect({ hostname: "127.0.0.1", port: tcp });
        try {
          await deno.startTls?.(it, { hostname: "localhost" });
        } finally {
          it.close();
        }
      },
    ],
    [
      "fetch",
      async () => {
        await (await fetch(`http://127.0.0.1:${http}/`)).text();
      },
    ],
    [
      "fetch, posted",
      async () => {
        const it = await fetch(`http://127.0.0.1:${http}/`, {
          method: "POST",
          body: new Blob(["x"]).stream(),
          duplex: "half",
        } as Loose);
        for await (const each of it.body as Loose) void each;
      },
    ],
    [
      "fetch, aborted",
      async () => {
        const controller = new AbortController();
        const it = fetch(`http://127.0.0.1:${http}/slow`, { signal: controller.signal });
        controller.abort();
        await it;
      },
    ],
    [
      "node:net",
      () =>
        new Promise((resolve, reject) => {
          const it = modules.net.connect(tcp, "127.0.0.1");
          it.on("data", () => it.end());
          it.on("close", resolve);
          it.on("error", reject);
          it.setKeepAlive(true);
          it.setTimeout(1000);
          it.write("hi\n");
        }),
    ],
    [
      "node:net refused",
      () =>
        new Promise((resolve) => {
          modules.net.connect(1, "127.0.0.1").on("error", resolve);
        }),
    ],
    [
      "node:net elsewhere",
      () =>
        new Promise((resolve) => {
          modules.net.connect(1, "10.0.0.1").on("error", resolve);
        }),
    ],
    [
      "node:http",
      () =>
        new Promise((resolve, reject) => {
          modules.http
            .get(`http://127.0.0.1:${http}/`, (it: Loose) => it.resume().on("end", resolve))
            .on("error", reject);
        }),
    ],
    [
      "node:http, posted",
      () =>
        new Promise((resolve, reject) => {
          const it = modules.http.request(
            `http://127.0.0.1:${http}/`,
            { method: "POST", agent: new modules.http.Agent({ keepAlive: true }) },
            (response: Loose) => response.resume().on("end", resolve),
          );
          it.on("error", reject);
          it.end("x");
        }),
    ],
    [
      "node:http, aborted",
      () =>
        new Promise((resolve) => {
          const it = modules.http.get(`http://127.0.0.1:${http}/slow`);
          it.on("error", resolve);
          it.destroy();
        }),
    ],
    [
      "node:https",
      () =>
        new Promise((resolve) => {
          modules.https.get(`https://127.0.0.1:${http}/`).on("error", resolve);
        }),
    ],
    [
      "node:tls",
      () =>
        new Promise((resolve) => {
          modules.tls.connect(http, "127.0.0.1").on("error", resolve);
        }),
    ],
    [
      "node:http2",
      () =>
        new Promise((resolve) => {
          const it = modules.http2.connect(`http://127.0.0.1:${http}`);
          it.on("error", resolve);
          it.on("close", resolve);
          setTimeout(() => it.destroy(), 50);
        }),
    ],
    [
      "WebSocket to a server",
      () =>
        new Promise((resolve) => {
          const it = new WebSocket(`ws://127.0.0.1:${http}/`);
          it.onclose = resolve;
          it.onerror = resolve;
        }),
    ],
    [
      "EventSource of a server",
      () =>
        new Promise((resolve) => {
          const it = new EventSource(`http://127.0.0.1:${http}/`);
          it.onerror = () => {
            it.close();
            resolve(1);
          };
        }),
    ],
  ];
}
