import type { JsonObject, MessageInitShape } from "@bufbuild/protobuf";
import type { AuthenticateRequest, AuthenticateResponseSchema, AuthService } from "../../proto/remote_plugin.ts";
import type { Auth, AuthAnswer, Credentials } from "../contract/mod.ts";
import type { Methods } from "./methods.ts";

export function createAuthService(auth: () => Auth): Methods<typeof AuthService> {
  return {
    async authenticate(request, { signal }) {
      return { answer: toAnswer(await auth().authenticate(toCredentials(request), { signal })) };
    },
  };
}

function toCredentials({ headers, peer, certificate }: AuthenticateRequest): Credentials {
  return { headers: new Headers(headers.map(({ name, value }): [string, string] => [name, value])), peer, certificate };
}

function toAnswer(answer: AuthAnswer): NonNullable<MessageInitShape<typeof AuthenticateResponseSchema>["answer"]> {
  switch (answer.kind) {
    case "absent":
      return { case: "absent", value: { challenge: answer.challenge ?? "" } };
    case "refused":
      return { case: "refused", value: { reason: answer.reason, challenge: answer.challenge ?? "" } };
    case "principal": {
      const { id, roles, permissions, claims } = answer.principal;
      return {
        case: "principal",
        value: {
          id,
          roles: [...roles],
          ...(permissions && { limit: { permissions: [...permissions] } }),
          // The contract has them JSON-representable.
          ...(claims && { claims: claims as JsonObject }),
        },
      };
    }
    default:
      return answer satisfies never;
  }
}
