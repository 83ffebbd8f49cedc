/** Which errors of the NATS client say that a server is away, so that waiting may help. Imports nothing of Hearth. */
export { type ConnectFault, explainConnectError, isJetStreamAway } from "./away.ts";
