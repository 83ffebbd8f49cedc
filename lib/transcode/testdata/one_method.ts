import {
  create,
  createFileRegistry,
  type DescService,
  fromJson,
  type JsonValue,
  type MessageInitShape,
  setExtension,
} from "@bufbuild/protobuf";
import {
  type FieldDescriptorProtoSchema,
  FileDescriptorSetSchema,
  FieldDescriptorProto_Label as Label,
  MethodOptionsSchema,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";
import { http } from "../../../proto/gen/es/google/api/annotations_pb.js";
import { HttpRuleSchema } from "../../../proto/gen/es/google/api/http_pb.js";
import { known } from "./library.ts";

const FIELDS: MessageInitShape<typeof FieldDescriptorProtoSchema>[] = [
  { name: "name", jsonName: "name", number: 1, type: Type.STRING, label: Label.OPTIONAL },
  { name: "list", jsonName: "list", number: 2, type: Type.STRING, label: Label.REPEATED },
  { name: "self", jsonName: "self", number: 3, type: Type.MESSAGE, label: Label.OPTIONAL, typeName: ".one.Request" },
];

/** A service with one method of the given annotation, for invalid or generated ones. */
export function oneMethodService(
  rule: JsonValue,
  { clientStreaming = false }: { clientStreaming?: boolean } = {},
): DescService {
  const options = create(MethodOptionsSchema);
  setExtension(options, http, fromJson(HttpRuleSchema, rule));
  const method = { name: "Do", inputType: ".one.Request", outputType: ".one.Request", clientStreaming, options };
  const file = {
    name: "one.proto",
    package: "one",
    syntax: "proto3",
    messageType: [{ name: "Request", field: FIELDS }],
    service: [{ name: "One", method: [method] }],
  };
  return known(createFileRegistry(create(FileDescriptorSetSchema, { file: [file] })).getService("one.One"));
}
