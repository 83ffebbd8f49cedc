import { type Action, chunk, drain, type Modules, streamOf } from "./action.ts";

/** The modules of Node for streams, events, files, compression, cryptography and bytes. */
export function nodeDataActions(modules: Modules): readonly Action[] {
  return [
    [
      "node:stream",
      async () => {
        const { Readable, PassThrough, Writable } = modules.stream;
        await modules["stream/promises"].pipeline(
          Readable.from(["a", "b"]),
          new PassThrough(),
          new Writable({
            write(_a: unknown, _b: unknown, done: () => void) {
              done();
            },
          }),
        );
        await Readable.from(["a"])
          .map((x: unknown) => x)
          .toArray();
        await drain(Readable.toWeb(Readable.from([chunk])));
        Readable.fromWeb(streamOf("x")).resume();

        await modules["stream/consumers"].text(Readable.from(["a"]));
      },
    ],
    [
      "node:events",
      async () => {
        const { EventEmitter, once, on, setMaxListeners } = modules.events;
        const emitter = new EventEmitter({ captureRejections: true });
        emitter.on("error", () => {});
        setTimeout(() => emitter.emit("x", 1), 1);
        await once(emitter, "x");
        setMaxListeners(1, emitter, new EventTarget());
        emitter
          .on("y", async () => {
            throw new Error("x");
          })
          .on("y", () => {})
          .emit("y");
        for (let index = 0; index < 20; index++) emitter.on("z", () => {});
        const target = new EventTarget();
        on(emitter, "x", { signal: AbortSignal.timeout(5) })
          .next()
          .catch(() => {});
        target.addEventListener("x", () => {});
      },
    ],
    ["node:events, an unhandled error", () => new modules.events.EventEmitter().emit("error", new Error("x"))],
    [
      "node:fs",
      () => {
        for (const name of ["readFileSync", "statSync", "existsSync", "openSync", "readdirSync"]) {
          try {
            modules.fs[name]?.("/etc/passwd");
          } catch {}
        }
      },
    ],
    [
      "node:fs with callbacks",
      () =>
        new Promise((resolve) => {
          try {
            modules.fs.readFile("/etc/passwd", resolve);
          } catch {
            resolve(1);
          }
        }),
    ],
    [
      "node:fs streams",
      () => {
        try {
          modules.fs.createReadStream("/etc/passwd").on("error", () => {});
        } catch {}
        try {
          modules.fs.createWriteStream("/tmp/x").on("error", () => {});
        } catch {}
      },
    ],
    ["node:fs/promises", () => modules["fs/promises"].readFile("/etc/passwd")],
    [
      "node:zlib",
      async () => {
        const zlib = modules.zlib;
        zlib.gunzipSync(zlib.gzipSync("x"));
        zlib.brotliDecompressSync(zlib.brotliCompressSync("x"));
        await new Promise((resolve) => zlib.deflate("x", resolve));
        await new Promise((resolve) =>
          zlib
            .createGzip()
            .on("data", () => {})
            .on("end", resolve)
            .end("x"),
        );
        zlib.crc32("x");
      },
    ],
    [
      "node:zlib, damaged",
      async () => {
        try {
          modules.zlib.gunzipSync("x");
        } catch {}
        await new Promise((resolve) => modules.zlib.gunzip("x", resolve));
        await new Promise((resolve) => modules.zlib.createGunzip().on("error", resolve).end("x"));
      },
    ],
    [
      "node:crypto",
      async () => {
        const it = modules.crypto;
        it.createHash("sha256").update("x").digest("hex");
        it.createHmac("sha256", "k").update("x").digest();
        it.randomBytes(4);
        await new Promise((resolve) => it.randomBytes(4, resolve));
        const cipher = it.createCipheriv("aes-128-gcm", it.randomBytes(16), it.randomBytes(12));
        cipher.update("x");
        cipher.final();
        await new Promise((resolve) => it.pbkdf2("x", "y", 1, 8, "sha1", resolve));
        await new Promise((resolve) => it.scrypt("x", "y", 8, { N: 16 }, resolve));
        const pair = it.generateKeyPairSync("ec", { namedCurve: "P-256" });
        it.sign("sha256", chunk, pair.privateKey);
        pair.publicKey.export({ type: "spki", format: "pem" });
        it.randomUUID();
        it.timingSafeEqual(chunk, chunk);
        it.hkdfSync("sha256", "x", "y", "z", 8);

        await new Promise((resolve) => it.generateKeyPair("ec", { namedCurve: "P-256" }, resolve));
      },
    ],
    [
      "node:crypto refused",
      () => {
        try {
          modules.crypto.createHash("none");
        } catch {}
        try {
          0;
        } catch {}
      },
    ],
    [
      "node:buffer",
      async () => {
        const { Buffer, Blob: It, transcode } = modules.buffer;
        Buffer.concat([Buffer.from("x"), Buffer.alloc(2)]).toString("base64");
        transcode?.(Buffer.from("x"), "utf8", "latin1");
        await new It(["x"]).text();
        Buffer.from({ length: 1, 0: 1 });
        new Buffer(1);
      },
    ],
  ];
}
