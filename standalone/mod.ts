/**
 * A complete system on one machine, as child processes: a NATS server, context nodes and a gateway. `nats` and `programs` find or download what
 * it needs, `processes` starts and supervises the parts by their command lines.
 */
export { onEndRequest } from "../cluster/mod.ts";
export { findNatsServer, type NatsBinaryOptions } from "./nats/binary.ts";
export { type NatsServer, type NatsServerOptions, startNatsServer } from "./nats/nats_server.ts";
export { freePort } from "./ports.ts";
export { type Child, type ChildSpec, startChild } from "./processes/child.ts";
export { type ProcessOptions, startGateway, startNode } from "./processes/parts.ts";
export { type BubblewrapOptions, findBubblewrap } from "./programs/bubblewrap.ts";
export { type Standalone, type StandaloneOptions, startStandalone } from "./standalone.ts";
