/**
 * Blobs in an object store of NATS, named by their digest. For gateways on many machines. The layout is that of every NATS
 * object store, so `nats object` reads it. Imports `plugins/contract`.
 */
import { definePlugin } from "../contract/mod.ts";
import { configSchema } from "./config.ts";
import { startBlobStore } from "./store.ts";

export default definePlugin({ kind: "blobs", name: "nats", config: configSchema, start: startBlobStore });
