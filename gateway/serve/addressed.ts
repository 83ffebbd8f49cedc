import type { HttpRequest } from "../transcode/mod.ts";

/** Whether a request says for which host it is, as one that may stand in a URL: connect-es makes URLs of requests. */
export function isAddressed(request: HttpRequest): boolean {
  const authority = "authority" in request ? request.authority : request.headers.host;
  return authority !== undefined && URL.canParse(`http://${authority}`);
}
