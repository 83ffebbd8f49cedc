/** Classifies errors of the NATS client: whether the server is unavailable, so that waiting may help. */
export { type ConnectFault, explainConnectError, isJetStreamAway } from "./away.ts";
