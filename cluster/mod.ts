/**
 * What gateways and context nodes share: the connection to NATS, the frames and the content of sessions, mutual proof of membership,
 * configuration, and which addresses are public.
 */

export { hasLostUnusedTerminal, onEndRequest } from "../plugins/command-line/mod.ts";
export { type Address, address, isAddress, parseAddress, printAddress, reachableAt } from "./addresses/address.ts";
export {
  createAddressRule,
  type IsAllowed,
  isAddressRange,
  isPublicAddress,
  SPECIAL_IPV4_RANGES,
} from "./addresses/address_rule.ts";
export {
  type IpRange,
  isWithin,
  parseIpAddress,
  parseIpRange,
  printIpRange,
  withoutRanges,
} from "./addresses/ip_range.ts";
export { isLoopbackAddress, isLoopbackHost } from "./addresses/loopback.ts";
export { type Waiting, whenAvailable } from "./availability.ts";
export { explainIssues, PARSE_OPTIONS, unknownName } from "./configuration/explain_issues.ts";
export { ConfigurationError, type Fault, printFault, printPath } from "./configuration/faults.ts";
export { type Option, type Options, parseOptions, printOptions } from "./configuration/options.ts";
export {
  COMMON_OPTIONS,
  type Configuration,
  type ConfigurationOptions,
  readConfiguration,
} from "./configuration/read_configuration.ts";
export { type Cluster, clusterSection, LOOPBACK_CLUSTER, natsSection, readableFile } from "./configuration/sections.ts";
export { CONTEXT_DEFAULTS, SPARK_SETTINGS, settingEntries } from "./context_settings.ts";
export { closeOutputAtExit } from "./ended_output.ts";
export { closeFolder, PRIVATE_UMASK } from "./files/private_folder.ts";
export type { Current, Reloaded } from "./files/reloaded.ts";
export { watchFiles } from "./files/watch_files.ts";
export {
  AnnouncementReader,
  AnnouncementRefused,
  createSigner,
  SIGNATURE_HEADER,
  type Signer,
} from "./identity/announcement.ts";
export { type Membership, openMembership } from "./identity/membership.ts";
export { claimSession, PROOF_HEADER, ProofReader, ProofRefused, type SessionClaim } from "./identity/proof.ts";
export type { Secrets } from "./identity/secrets.ts";
export type { Identity } from "./identity/tls_identity.ts";
export { createLog } from "./log.ts";
export { type NatsAccess, natsOptions } from "./nats/access.ts";
export { connectToNats, whenJetStreamAvailable } from "./nats/connect.ts";
export {
  type KeptConsumerConfig,
  type StreamKeeper,
  startStreamKeeper,
} from "./nats/stream_keeper.ts";
export { DEFAULT_RETRY_DELAY_MS, doubledDelayMs } from "./retry_delay.ts";
export { type BlobName, BlobStreams, type CollectedBlob, ContentRefused } from "./session/blob_streams.ts";
export { FrameWriter } from "./session/frame_writer.ts";
export { createThrottledLog } from "./throttled_log.ts";
