/**
 * What gateways and context nodes share: the connection to NATS, the frames and the content of sessions, mutual proof of membership,
 * configuration, and which addresses are public.
 */

export { hasLostUnusedTerminal, onEndRequest } from "../plugins/command-line/mod.ts";
export { type Address, address, isAddress, parseAddress, printAddress, reachableAt } from "./address.ts";
export {
  createAddressRule,
  type IsAllowed,
  isAddressRange,
  isPublicAddress,
  SPECIAL_IPV4_RANGES,
} from "./addresses.ts";
export {
  AnnouncementReader,
  AnnouncementRefused,
  createSigner,
  SIGNATURE_HEADER,
  type Signer,
} from "./announcement.ts";
export { type Waiting, whenAvailable } from "./availability.ts";
export { type Cluster, clusterSection, LOOPBACK_CLUSTER, natsSection } from "./config.ts";
export { COMMON_OPTIONS, type Configuration, type ConfigurationOptions, readConfiguration } from "./configuration.ts";
export { closeOutputAtExit } from "./ended_output.ts";
export { explainIssues, PARSE_OPTIONS, unknownName } from "./explain.ts";
export { ConfigurationError, type Fault, printFault, printPath } from "./faults.ts";
export type { Identity } from "./identity.ts";
export { type IpRange, isWithin, parseIpAddress, parseIpRange, printIpRange, withoutRanges } from "./ip_range.ts";
export { createLog } from "./log.ts";
export { isLoopbackAddress, isLoopbackHost } from "./loopback.ts";
export { type Membership, openMembership } from "./membership.ts";
export { type NatsAccess, natsOptions } from "./nats.ts";
export { connectToNats, whenJetStreamAvailable } from "./nats_connect.ts";
export {
  type KeptConsumerConfig,
  type StreamKeeper,
  startStreamKeeper,
} from "./nats_streams.ts";
export { type Option, type Options, parseOptions, printOptions } from "./options.ts";
export { closeFolder, PRIVATE_UMASK } from "./private_folder.ts";
export { claimSession, PROOF_HEADER, ProofReader, ProofRefused, type SessionClaim } from "./proof.ts";
export { readableFile } from "./readable.ts";
export type { Current, Reloaded } from "./reloaded.ts";
export { DEFAULT_RETRY_DELAY_MS, doubledDelayMs } from "./retry_delay.ts";
export type { Secrets } from "./secrets.ts";
export { type BlobName, BlobStreams, type CollectedBlob, ContentRefused } from "./session/blob_streams.ts";
export { FrameWriter } from "./session/frame_writer.ts";
export { createThrottledLog } from "./throttled_log.ts";
export { watchFiles } from "./watch_files.ts";
