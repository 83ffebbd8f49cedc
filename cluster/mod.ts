/**
 * What gateways and context nodes have in common: how they reach NATS, how each proves to the other that it is one of ours, and which
 * addresses are public.
 * Imports nothing of the other folders but plugins/files, plugins/nats and plugins/command-line.
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
export { Complaints } from "./complaints.ts";
export { type Cluster, clusterSection, LOOPBACK_CLUSTER, natsSection } from "./config.ts";
export { COMMON_OPTIONS, type Configuration, type ConfigurationOptions, readConfiguration } from "./configuration.ts";
export { CONTEXT_DEFAULTS, SPARK_SETTINGS, settingEntries } from "./context_settings.ts";
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
export { createSteadyClock } from "./steady_clock.ts";
export { LONGEST_DELAY_MS, startTimer } from "./timer.ts";
export { type Start, startTogether } from "./together.ts";
export { watchFiles } from "./watch_files.ts";
