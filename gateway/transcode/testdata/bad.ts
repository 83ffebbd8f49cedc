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
  { name: "name", number: 1, type: Type.STRING, label: Label.OPTIONAL },
  { name: "list", number: 2, type: Type.STRING, label: Label.REPEATED },
  { name: "self", number: 3, type: Type.MESSAGE, label: Label.OPTIONAL, typeName: ".bad.Request" },
];

/** A service with one method of the given annotation, too wrong for a .proto file that is linted. */
export function badService(
  rule: JsonValue,
  { clientStreaming = false }: { clientStreaming?: boolean } = {},
): DescService {
  const options = create(MethodOptionsSchema);
  setExtension(options, http, fromJson(HttpRuleSchema, rule));
  const method = { name: "Do", inputType: ".bad.Request", outputType: ".bad.Request", clientStreaming, options };
  const file = {
    name: "bad.proto",
    package: "bad",
    syntax: "proto3",
    messageType: [{ name: "Request", field: FIELDS }],
    service: [{ name: "Bad", method: [method] }],
  };
  return known(createFileRegistry(create(FileDescriptorSetSchema, { file: [file] })).getService("bad.Bad"));
}
