import type { DescMessage, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { create } from "@bufbuild/protobuf";
import type { Validator } from "@bufbuild/protovalidate";
import type { JsonObject } from "../../lib/hocon/mod.ts";
import { type ContextSettings, ContextSettingsSchema, type Runtime } from "../../proto/mod.ts";
import type { Guard } from "../access/mod.ts";
import type { Predefined } from "../contexts/mod.ts";
import type { Core } from "../core.ts";
import { checkRules, createGrantReader } from "../rpc/mod.ts";
import type { Measurements } from "./metrics/mod.ts";
import type { ProgramSource } from "./programs/mod.ts";

/** What an operator may set of this face. */
export interface SparkConfig {
  /** A request that is not answered by then is answered with 500, whatever its own `timeout` says. */
  readonly requestTimeoutMs: number;
  /** A context that is not stopped two seconds before that is told to be stopping, with 202. */
  readonly contextDeletionTimeoutMs: number;
  /** Settings of every context, where its creator says nothing. */
  readonly contextSettings: JsonObject;
  /** Of contexts that name none; undefined: that of the program that was uploaded last. */
  readonly defaultRuntime: Runtime | undefined;
  /** Gives each caller that an auth plugin knows contexts of its own. */
  readonly useAsProxyUser: boolean;
  /** Where URIs in class paths may lead. */
  readonly programs: {
    /** Absolute paths of folders, for `file:`. */
    readonly folders: readonly string[];
    /** IP addresses and ranges beside the public internet, for `http:` and `https:`. */
    readonly allow: readonly string[];
  };
}

/** What the endpoints of this face work with. */
export interface SparkDeps {
  readonly core: Core;
  readonly config: SparkConfig;
  /** Contexts that exist from the start. */
  readonly predefined: Predefined;
  readonly measurements: Measurements;
  readonly source: ProgramSource;
  readonly validator: Validator;
  /** What the caller of this request may touch. */
  readonly guard: Guard;
}

/** Makes a request of `hearth.v1` and checks it by the rules in its proto, as every other face does. */
export function checked<Desc extends DescMessage>(
  { validator }: Pick<SparkDeps, "validator">,
  schema: Desc,
  fields: MessageInitShape<Desc>,
): MessageShape<Desc> {
  const message = create(schema, fields);
  checkRules(validator, schema, message);
  return message;
}

const readGrants = createGrantReader(ContextSettingsSchema);

/**
 * Rejects when the caller may not grant a context what it asks for by itself; what the configuration gives every context is not the
 * caller's to grant.
 */
export async function checkGrants(
  { guard }: Pick<SparkDeps, "guard">,
  context: string,
  asked: ContextSettings,
): Promise<void> {
  await guard.allowGrants({ context }, readGrants(asked));
}
