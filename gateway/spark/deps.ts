import type { DescMessage, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { create } from "@bufbuild/protobuf";
import type { Validator } from "@bufbuild/protovalidate";
import type { JsonObject } from "../../lib/hocon/mod.ts";
import { type ContextSettings, ContextSettingsSchema, type Runtime } from "../../proto/mod.ts";
import type { Authorization } from "../access/mod.ts";
import type { Predefined } from "../contexts/mod.ts";
import type { Core } from "../core.ts";
import { checkRules, createGrantReader } from "../rpc/mod.ts";
import type { Measurements } from "./metrics/mod.ts";
import type { ProgramSource } from "./programs/mod.ts";

/** Configuration of this API. */
export interface SparkConfig {
  /** Time limit of a request, in milliseconds. It then gets a 500, regardless of its own `timeout`. */
  readonly requestTimeoutMs: number;
  /** Time limit for stopping a context, in milliseconds. Two seconds earlier the response is 202: still stopping. */
  readonly contextDeletionTimeoutMs: number;
  /** Default settings of every context. */
  readonly contextSettings: JsonObject;
  /** Runtime of contexts that name none. Undefined: the runtime of the newest program. */
  readonly defaultRuntime: Runtime | undefined;
  /** Whether each authenticated caller has contexts of its own. */
  readonly useAsProxyUser: boolean;
  /** What URIs in class paths may reach. */
  readonly programs: {
    /** Absolute paths of folders, for `file:`. */
    readonly folders: readonly string[];
    /** IP addresses and ranges besides the public internet, for `http:` and `https:`. */
    readonly allow: readonly string[];
  };
}

/** Dependencies of the endpoints. */
export interface SparkDeps {
  readonly core: Core;
  readonly config: SparkConfig;
  /** Contexts that the gateway creates at its start. */
  readonly predefined: Predefined;
  readonly measurements: Measurements;
  readonly source: ProgramSource;
  readonly validator: Validator;
  /** Authorization of the caller of this request. */
  readonly authorization: Authorization;
}

/** Creates a request of `hearth.v1` and validates it by the rules in its proto, as every other API does. */
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
 * Rejects when the caller may not grant the permissions that its own settings ask for. Permissions that the configuration gives every
 * context need no grant.
 */
export async function checkGrants(
  { authorization }: Pick<SparkDeps, "authorization">,
  context: string,
  asked: ContextSettings,
): Promise<void> {
  await authorization.allowGrants({ context }, readGrants(asked));
}
