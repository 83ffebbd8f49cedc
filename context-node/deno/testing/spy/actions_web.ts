import { type Action, chunk, drain, streamOf } from "./action.ts";
import { type Loose, scope } from "./natives.ts";
import { known } from "./record.ts";

/** The streams, timers, requests and other interfaces of the web. */
export function webActions(): readonly Action[] {
  return [
    [
      "streams",
      async () => {
        const [a, b] = streamOf("x").tee();
        await drain(a.pipeThrough(new TextEncoderStream()).pipeThrough(new TextDecoderStream()));
        await drain(b.pipeThrough(new TransformStream()));
      },
    ],
    [
      "byte streams",
      async () => {
        const stream = new ReadableStream({
          type: "bytes",
          pull(controller) {
            controller.enqueue(new Uint8Array(4));
            controller.close();
          },
        });
        const reader = stream.getReader({ mode: "byob" });
        await reader.read(new Uint8Array(2));
        await reader.cancel();
      },
    ],
    [
      "compression",
      () =>
        drain(
          streamOf(chunk)
            .pipeThrough(new CompressionStream("gzip") as Loose)
            .pipeThrough(new DecompressionStream("gzip") as Loose),
        ),
    ],
    [
      "writable stream",
      async () => {
        const writer = new WritableStream({ write() {} }).getWriter();
        await writer.write(1);
        await writer.abort("x");
      },
    ],
    [
      "timers",
      () =>
        new Promise((resolve) => {
          const each = setInterval(() => {
            clearInterval(each);
            setTimeout(resolve, 1, {});
          }, 1);
        }),
    ],
    ["queueMicrotask", () => new Promise<void>((resolve) => queueMicrotask(resolve))],
    ["fetch data:", async () => (await fetch("data:text/plain,x")).text()],
    [
      "fetch blob:",
      async () => {
        const url = URL.createObjectURL(new Blob(["x"]));
        await (await fetch(url)).blob();
        URL.revokeObjectURL(url);
      },
    ],
    [
      "fetch refused",
      () =>
        fetch("http://10.0.0.1:1/", {
          method: "POST",
          body: streamOf(chunk),
          signal: AbortSignal.timeout(50),
          duplex: "half",
        } as Loose),
    ],
    ["fetch file:", () => fetch("file:///etc/passwd")],
    [
      "WebSocket",
      () => {
        new WebSocket("ws://10.0.0.1:1/").onerror = () => {};
      },
    ],
    [
      "EventSource",
      () => {
        const source = new EventSource("http://10.0.0.1:1/");
        source.onerror = () => source.close();
        source.close();
      },
    ],
    [
      "crypto.subtle",
      async () => {
        await crypto.subtle.digest("SHA-256", chunk);
        const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 128 }, true, ["encrypt", "decrypt"]);
        const iv = crypto.getRandomValues(new Uint8Array(12));
        await crypto.subtle.decrypt(
          { name: "AES-GCM", iv },
          key,
          await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, chunk),
        );
        await crypto.subtle.exportKey("jwk", key);
        crypto.randomUUID();
        structuredClone(key);
      },
    ],
    [
      "structuredClone",
      () => structuredClone({ a: new Map([[1, new Error("x")]]), b: chunk, c: new Date(), d: new Blob([]) }),
    ],
    ["structuredClone refused", () => structuredClone(() => {})],
    [
      "MessageChannel",
      () => {
        const It = scope.MessageChannel;
        const { port1, port2 } = new It();
        known.add(port1);
        known.add(port2);
        port1.postMessage(1);
        port1.close();
      },
    ],
    [
      "abort",
      async () => {
        const controller = new AbortController();
        AbortSignal.any([controller.signal, AbortSignal.timeout(5)]).addEventListener("abort", () => {});
        controller.abort("x");
        await new Promise((resolve) => {
          AbortSignal.timeout(2).onabort = resolve;
        });
      },
    ],
    [
      "events",
      () => {
        const target = new EventTarget();
        target.addEventListener("x", { handleEvent() {} }, { once: true });
        target.dispatchEvent(new CustomEvent("x", { detail: {} }));
        scope.dispatchEvent(new Event("x"));
      },
    ],
    [
      "URL",
      () => {
        const url = new URL("http://a/b?c=d");
        url.searchParams.append("x", "y");
        void url.href;
        new URLPattern({ pathname: "/:x" }).exec("http://a/b");
      },
    ],
    [
      "bodies",
      async () => {
        const form = new FormData();
        form.append("a", new File(["x"], "x.txt"));
        const request = new Request("http://a/", { method: "POST", body: form, headers: [["a", "b"]] });
        await request.clone().formData();
        await new Response(new URLSearchParams("a=b")).formData();
        await Response.json({}).json();
        await new Response(streamOf(chunk)).arrayBuffer();
        await new Blob(["x"]).slice(0, 1).text();
        for (const each of request.headers) void each;
      },
    ],
    [
      "FileReader",
      () =>
        new Promise((resolve) => {
          const reader = new scope.FileReader();
          reader.onload = resolve;
          reader.readAsText(new Blob(["x"]));
        }),
    ],
    [
      "WebAssembly",
      async () => {
        const bytes = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]);
        await scope.WebAssembly.instantiate(bytes);
        await scope.WebAssembly.compileStreaming(
          new Response(bytes, { headers: { "content-type": "application/wasm" } }),
        );
      },
    ],
    [
      "Intl",
      () => {
        new Intl.DateTimeFormat("de").formatToParts(new Date());
        new Intl.NumberFormat("de").format(1);
        ["a"].sort(new Intl.Collator("de").compare);
      },
    ],
  ];
}
