import { create, type MessageInitShape, toBinary, toJsonString } from "@bufbuild/protobuf";
import { status } from "@grpc/grpc-js";
import { CONTRACT_VERSION, type PluginKind } from "../../../plugins/contract/mod.ts";
import {
  HandshakeRequestSchema,
  type HandshakeResponse,
  HandshakeResponseSchema,
  PluginService,
  PluginKind as RemoteKind,
} from "../../../proto/remote_plugin.ts";
import { NO_OUTBOX } from "../describe.ts";
import type { PluginStep } from "../plugin_error.ts";
import type { CallOptions, Channel } from "./channel.ts";
import { RemoteCallError } from "./remote_call_error.ts";

/** Wire values of the plugin kinds. */
const KINDS: { readonly [Kind in PluginKind]: RemoteKind } = {
  dao: RemoteKind.DAO,
  auth: RemoteKind.AUTH,
  blobs: RemoteKind.BLOBS,
};

export interface Asked {
  readonly kind: PluginKind;
  readonly config: NonNullable<MessageInitShape<typeof HandshakeRequestSchema>["config"]>;
}

export function shakeHands(
  channel: Channel,
  { kind, config }: Asked,
  options: CallOptions,
): Promise<HandshakeResponse> {
  const request = create(HandshakeRequestSchema, { contractVersion: CONTRACT_VERSION, kind: KINDS[kind], config });
  return channel.call(PluginService.method.handshake, toBinary(HandshakeRequestSchema, request), options);
}

/** Returns the reason for rejecting a plugin by its handshake response, and the step; undefined if it is accepted. */
export function faultOf(
  { contractVersion, kind, name, faults, capabilities }: HandshakeResponse,
  asked: Asked,
): { readonly step: PluginStep; readonly fault: string } | undefined {
  if (contractVersion !== CONTRACT_VERSION) {
    const fault = `it was written for version ${contractVersion} of the plugin contract, this Hearth has version ${CONTRACT_VERSION}`;
    return { step: "check", fault };
  }
  if (kind !== KINDS[asked.kind]) {
    return { step: "check", fault: `it is of kind "${kindName(kind)}", not "${asked.kind}"` };
  }
  if (name === "") return { step: "check", fault: "it has no name" };
  if (faults.length > 0) return { step: "configure", fault: `\n${faults.map((fault) => `✖ ${fault}`).join("\n")}` };
  if (capabilities.case === "dao" && !capabilities.value.outbox) return { step: "check", fault: NO_OUTBOX };
  return undefined;
}

/** Throws if a plugin has changed since its first handshake in a way that the gateway relies on. */
export function requireSame(first: HandshakeResponse, now: HandshakeResponse): void {
  const [before, after] = [first, now].map((response) => toJsonString(HandshakeResponseSchema, response));
  if (before === after) return;
  throw new RemoteCallError(`the plugin has changed: ${after} instead of ${before}`, {
    code: status.FAILED_PRECONDITION,
  });
}

function kindName(kind: RemoteKind): string {
  return Object.entries(KINDS).find(([, remote]) => remote === kind)?.[0] ?? String(kind);
}
