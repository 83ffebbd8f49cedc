import type { JsonObject } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { codeToString } from "@connectrpc/connect/protocol-connect";

const CODES = Object.values(Code).filter((code) => typeof code === "number");

const DETAIL: JsonObject = {
  type: "object",
  description: "More about an error, for programs.",
  properties: {
    type: { type: "string", description: "Full name of the message that it is, such as `google.rpc.ErrorInfo`." },
    value: { type: "string", format: "byte", contentEncoding: "base64", description: "The message, encoded." },
    debug: {
      type: "object",
      description: "The message as JSON. Of a `google.rpc.ErrorInfo` it has the members named here.",
      properties: {
        reason: { type: "string", description: "Why, in a constant of upper-case letters; unique within the domain." },
        domain: { type: "string", description: "Whose reason it is." },
        metadata: {
          type: "object",
          description: "What it is about, such as names and limits.",
          additionalProperties: { type: "string" },
        },
      },
      additionalProperties: true,
    },
  },
  required: ["type", "value"],
};

const ERROR: JsonObject = {
  type: "object",
  description: "Why a call failed, in the form of the Connect protocol.",
  properties: {
    code: { type: "string", enum: CODES.map(codeToString), description: "What kind of error it is." },
    message: { type: "string", description: "Why, for people." },
    details: {
      type: "array",
      description: "More about it, for programs.",
      items: { $ref: "#/components/schemas/connect.ErrorDetail" },
    },
  },
  required: ["code"],
};

/** Components of errors. */
export const ERROR_COMPONENTS = {
  schemas: { "connect.Error": ERROR, "connect.ErrorDetail": DETAIL },
  responses: {
    Error: {
      description: "The call failed.",
      content: { "application/json": { schema: { $ref: "#/components/schemas/connect.Error" } } },
    },
  },
};

/** The error responses of an operation. There is no `default`: generators apply it to successful calls as well. */
export const ERROR_RESPONSES: JsonObject = {
  "4XX": { $ref: "#/components/responses/Error" },
  "5XX": { $ref: "#/components/responses/Error" },
};
