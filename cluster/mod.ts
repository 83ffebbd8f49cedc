/**
 * What gateways and context nodes have in common: how they reach NATS, and how each proves to the other that it is one of ours.
 * Imports nothing of the other folders.
 */

export { type Address, address, parseAddress } from "./address.ts";
export {
  AnnouncementReader,
  AnnouncementRefused,
  createSigner,
  SIGNATURE_HEADER,
  type Signer,
} from "./announcement.ts";
export { type Cluster, clusterSection, type Identity, LOOPBACK_CLUSTER, natsSection } from "./config.ts";
export { isLoopbackAddress, isLoopbackHost } from "./loopback.ts";
export { type NatsAccess, natsOptions } from "./nats.ts";
export { createNonce, type Handshake, isSameProof, NONCE_BYTES, proveSession } from "./proof.ts";
export { fileContent, readableFile } from "./readable.ts";
