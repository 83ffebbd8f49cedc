import type { JsonObject } from "@bufbuild/protobuf";
import type { CredentialKind } from "../../../plugins/contract/mod.ts";

interface Security {
  /** Security Requirement Objects, any of which is sufficient; empty if the gateway does not authenticate callers. */
  readonly security: JsonObject[];
  readonly securitySchemes: JsonObject;
}

/** Describes the credentials that a gateway accepts, as OpenAPI security schemes. */
export function describeSecurity({
  credentialKinds,
  admitsAnyone,
}: {
  readonly credentialKinds: readonly CredentialKind[] | undefined;
  readonly admitsAnyone: boolean;
}): Security {
  const schemes: Record<string, JsonObject> = {};
  for (const kind of credentialKinds ?? []) {
    const name = nameOf(kind);
    schemes[name] = merge(schemes[name], describe(kind));
  }
  const isOptional = credentialKinds !== undefined && admitsAnyone;
  return {
    security: [...(isOptional ? [{}] : []), ...Object.keys(schemes).map((name) => ({ [name]: [] }))],
    securitySchemes: schemes,
  };
}

function nameOf(kind: CredentialKind): string {
  switch (kind.type) {
    case "header":
      return kind.name.toLowerCase();
    case "basic":
    case "bearer":
    case "certificate":
      return kind.type;
    default:
      return kind satisfies never;
  }
}

function describe(kind: CredentialKind): JsonObject {
  const description = { ...(kind.description !== undefined && { description: kind.description }) };
  switch (kind.type) {
    case "basic":
      return { type: "http", scheme: "basic", ...description };
    case "bearer":
      return {
        type: "http",
        scheme: "bearer",
        ...(kind.format !== undefined && { bearerFormat: kind.format }),
        ...description,
      };
    case "header":
      return { type: "apiKey", in: "header", name: kind.name, ...description };
    case "certificate":
      return { type: "mutualTLS", ...description };
    default:
      return kind satisfies never;
  }
}

/** Merges the schemes of two plugins that read credentials from the same place: their common properties, and both descriptions. */
function merge(one: JsonObject | undefined, other: JsonObject): JsonObject {
  if (one === undefined) return other;
  const common = Object.fromEntries(Object.entries(one).filter(([name, value]) => other[name] === value));
  const descriptions = new Set([one["description"], other["description"]].filter((each) => typeof each === "string"));
  return { ...common, ...(descriptions.size > 0 && { description: [...descriptions].join(" ") }) };
}
