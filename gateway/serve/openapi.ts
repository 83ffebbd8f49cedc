import { type DescService, getOption } from "@bufbuild/protobuf";
import packageJson from "../../package.json" with { type: "json" };
import { permission } from "../../proto/mod.ts";
import { createOpenApi, type HttpRequest, type HttpResponse, sendContent } from "../transcode/mod.ts";

/** Where the description of the REST API is. */
export const OPENAPI_PATH = "/openapi.json";

/**
 * Answers a request for the OpenAPI document of the services; false when it is another, and then nothing was written. Each operation says the
 * permission that it needs as `x-hearth-permission`.
 */
export function createOpenApiPage(
  services: readonly DescService[],
): (request: HttpRequest, response: HttpResponse) => Promise<boolean> {
  const { version, description } = packageJson;
  const document = createOpenApi({
    services,
    info: { title: "Hearth", version, description },
    operation: (method) => ({ "x-hearth-permission": getOption(method, permission) }),
  });
  const page = Buffer.from(JSON.stringify(document));
  return async (request, response) => {
    const { method, url = "" } = request;
    if (url.split("?", 1)[0] !== OPENAPI_PATH || (method !== "GET" && method !== "HEAD")) return false;
    const headers = { "content-type": "application/json" };
    await sendContent({ request, response }, { status: 200, headers, content: page });
    return true;
  };
}
