/**
 * A plugin of `buf generate` (https://github.com/protocolbuffers/protobuf/blob/main/src/google/protobuf/compiler/plugin.proto): writes the
 * comments of the API's .proto files as JSON, by full name. Generated code keeps them in its own comments only, where no program reads them.
 */
import { buffer } from "node:stream/consumers";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  CodeGeneratorRequestSchema,
  CodeGeneratorResponse_Feature,
  CodeGeneratorResponse_FileSchema,
  CodeGeneratorResponseSchema,
} from "@bufbuild/protobuf/wkt";
import { readComments } from "./read.ts";

const request = fromBinary(CodeGeneratorRequestSchema, await buffer(process.stdin));
const files = request.protoFile.filter(({ package: name }) => name === request.parameter);
const comments = Object.fromEntries(files.flatMap(readComments).sort(([a], [b]) => (a < b ? -1 : 1)));
const response = create(CodeGeneratorResponseSchema, {
  supportedFeatures: BigInt(CodeGeneratorResponse_Feature.PROTO3_OPTIONAL),
  file: [
    create(CodeGeneratorResponse_FileSchema, {
      name: "comments.json",
      content: `${JSON.stringify(comments, undefined, 1)}\n`,
    }),
  ],
});
process.stdout.write(toBinary(CodeGeneratorResponseSchema, response));
