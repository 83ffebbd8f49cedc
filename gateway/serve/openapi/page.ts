import { type DescMethod, type DescService, getOption } from "@bufbuild/protobuf";
import { createOpenApi, type HttpRequest, type HttpResponse, sendContent } from "../../../lib/transcode/mod.ts";
import packageJson from "../../../package.json" with { type: "json" };
import type { CredentialKind } from "../../../plugins/contract/mod.ts";
import { comments, permission } from "../../../proto/mod.ts";
import { EXAMPLES, KEYWORDS, RAW_TYPES } from "./bodies.ts";
import { describeSecurity } from "./security.ts";

/** Path of the OpenAPI document of the REST API. */
export const OPENAPI_PATH = "/openapi.json";

interface OpenApiPageOptions {
  /** Kinds of credentials that the gateway accepts; undefined if it does not authenticate callers. */
  readonly credentialKinds: readonly CredentialKind[] | undefined;
  /** Whether callers without credentials are served as well. */
  readonly admitsAnyone: boolean;
}

/**
 * Serves the OpenAPI document of the services. Returns false, without writing anything, for any other request. Each operation names the
 * permission that it requires as `x-hearth-permission`.
 */
export function createOpenApiPage(
  services: readonly DescService[],
  options: OpenApiPageOptions,
): (request: HttpRequest, response: HttpResponse) => Promise<boolean> {
  let page: Buffer | undefined;
  return async (request, response) => {
    const { method, url = "" } = request;
    if (url.split("?", 1)[0] !== OPENAPI_PATH || (method !== "GET" && method !== "HEAD")) return false;
    // Created on first request: it takes about thirty milliseconds.
    page ??= Buffer.from(JSON.stringify(describe(services, options)));
    const headers = { "content-type": "application/json" };
    await sendContent({ request, response }, { status: 200, headers, content: page });
    return true;
  };
}

function describe(services: readonly DescService[], options: OpenApiPageOptions): object {
  const { version, description, license } = packageJson;
  const { security, securitySchemes } = describeSecurity(options);
  return createOpenApi({
    services,
    info: {
      title: "Hearth",
      version,
      description,
      contact: { name: "The authors of Hearth" },
      license: { name: license, identifier: license },
    },
    // Relative to the address of the document, so that it is right behind proxies, too.
    document: { servers: [{ url: "/", description: "The server that has this document" }], security },
    components: { securitySchemes },
    operation: (method) => ({ "x-hearth-permission": getOption(method, permission) }),
    examples: (method) => EXAMPLES.get(nameOf(method)),
    keywords: ({ parent, name }) => KEYWORDS.get(`${parent.name}.${name}`) ?? KEYWORDS.get(name),
    rawTypes: (method) => RAW_TYPES.get(nameOf(method)),
    comments,
  });
}

function nameOf({ parent, name }: DescMethod): string {
  return `${parent.name}.${name}`;
}
