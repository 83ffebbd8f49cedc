import type { DescMethod } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { bindServices } from "./annotation/binding.ts";
import { createRouter, type Router } from "./annotation/router.ts";
import { createEndpoint, type Endpoint } from "./endpoint.ts";
import { Call, type HttpRequest, type HttpResponse } from "./http/call.ts";
import { HttpError, invalidArgument } from "./http/errors.ts";
import type { TranscoderOptions } from "./options.ts";
import { answerError } from "./respond.ts";
import { serve } from "./serve.ts";

/** The method that a request would call. */
export interface Route {
  readonly method: DescMethod;
  /** The matching path template, such as `/v1/jobs/{job_id}:cancel`. */
  readonly template: string;
}

export interface Transcoder {
  /** Matches by method and path only. */
  route(request: HttpRequest): Route | undefined;
  /**
   * Serves a request; resolves when the response is passed to the connection. OPTIONS without a rule of its own returns the methods of the
   * path. Resolves to false, without reading or writing anything, if no path template matches. Never rejects because of the request or the
   * method.
   */
  handle(request: HttpRequest, response: HttpResponse): Promise<boolean>;
}

/** Throws an Error if an annotation is invalid, or two of them match the same requests. */
export function createTranscoder(options: TranscoderOptions): Transcoder {
  const router = createRouter(bindServices(options.services).map((binding) => createEndpoint(binding, options)));

  return {
    route(request) {
      const match = router.match(request.method ?? "", splitTarget(request.url ?? "").path);
      return match && { method: match.route.method, template: match.route.templateText };
    },
    async handle(request, response) {
      const httpMethod = request.method ?? "";
      const { path, query } = splitTarget(request.url ?? "");
      const match = router.match(httpMethod, path);
      const upload =
        match === undefined || match.route.body.type === "raw" ? findNameless(router, httpMethod, path) : undefined;
      if (upload !== undefined) {
        await refuseNameless(new Call(request, response), upload);
        return true;
      }
      if (match !== undefined) {
        using call = new Call(request, response);
        await serve(options, match, { query, call });
        return true;
      }
      const allowed = router.allowed(path);
      if (allowed.length > 0 && httpMethod === "OPTIONS") {
        response.writeHead(204, { allow: [...allowed, "OPTIONS"].join(", ") });
        response.end();
      } else if (allowed.length > 0) {
        await refuseMethod(new Call(request, response), { path, allowed });
      }
      return allowed.length > 0;
    },
  };
}

/** The route of an upload whose path lacks only the name at its end. */
function findNameless(router: Router<Endpoint>, httpMethod: string, path: string): Endpoint | undefined {
  const match = router.match(httpMethod, path.endsWith("/") ? `${path}name` : `${path}/name`);
  const isNamed = match?.route.variables.at(-1)?.start !== (match?.segments.length ?? 0) - 1;
  return match?.route.body.type !== "raw" || isNamed ? undefined : match.route;
}

function refuseNameless(call: Call, { templateText }: Endpoint) {
  const { method, url = "" } = call.request;
  const template = templateText.replaceAll(/=[^}]*/g, "");
  const error = invalidArgument(
    `Cannot ${method} ${splitTarget(url).path}: the path does not name the object to store; send ${method} ${template}`,
  );
  return answerError(call, error, { jsonOptions: undefined });
}

function refuseMethod(call: Call, { path, allowed }: { path: string; allowed: readonly string[] }) {
  const error = new HttpError(`Cannot ${call.request.method} ${path}: this path has ${allowed.join(", ")} only`, {
    status: 405,
    code: Code.Unimplemented,
    headers: { allow: allowed.join(", ") },
  });
  return answerError(call, error, { jsonOptions: undefined });
}

/** Path and query of a request target, which may be an absolute URL (RFC 9112, section 3.2.2). */
function splitTarget(target: string): { path: string; query: string } {
  const mark = target.indexOf("?");
  const path = mark < 0 ? target : target.slice(0, mark);
  const query = mark < 0 ? "" : target.slice(mark + 1);
  if (path.startsWith("/")) {
    return { path, query };
  }
  const slash = path.indexOf("/", path.indexOf("://") + 3);
  return { path: path.includes("://") && slash >= 0 ? path.slice(slash) : path, query };
}
