/**
 * The whole of Hearth on one machine, as child processes: a NATS server, context nodes and a gateway.
 * Starts the other folders by command line and imports none of them, but for `cluster`, which reads command lines and says how to reach NATS.
 */
export { onEndRequest } from "../cluster/mod.ts";
export { findNatsServer, type NatsBinaryOptions } from "./nats/binary.ts";
export { type NatsServer, type NatsServerOptions, startNatsServer } from "./nats/nats_server.ts";
export { freePort } from "./ports.ts";
export { type Child, type ChildSpec, startChild } from "./processes/child.ts";
export { type ProcessOptions, startGateway, startNode } from "./processes/parts.ts";
export { type BubblewrapOptions, findBubblewrap } from "./programs/bubblewrap.ts";
export { type Standalone, type StandaloneOptions, startStandalone } from "./standalone.ts";
