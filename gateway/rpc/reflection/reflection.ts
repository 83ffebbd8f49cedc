import { create, type DescFile, type DescService, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
  FileDescriptorProtoSchema,
  file_google_protobuf_any,
  file_google_protobuf_api,
  file_google_protobuf_compiler_plugin,
  file_google_protobuf_duration,
  file_google_protobuf_empty,
  file_google_protobuf_field_mask,
  file_google_protobuf_struct,
  file_google_protobuf_timestamp,
  file_google_protobuf_wrappers,
} from "@bufbuild/protobuf/wkt";
import { Code, type ServiceImpl } from "@connectrpc/connect";
import {
  file_google_rpc_code,
  file_google_rpc_error_details,
  file_google_rpc_status,
  type ServerReflection,
  type ServerReflectionRequest,
  ServerReflectionResponseSchema,
} from "../../../proto/mod.ts";
import { indexSymbols, type SymbolIndex } from "./symbols.ts";

type Answer = NonNullable<MessageInitShape<typeof ServerReflectionResponseSchema>["messageResponse"]>;

/** Messages that no service refers to but clients look up: errors with their details, and the types that an `Any` may hold. */
const BESIDE_SERVICES = [
  file_google_rpc_code,
  file_google_rpc_error_details,
  file_google_rpc_status,
  file_google_protobuf_any,
  file_google_protobuf_api,
  file_google_protobuf_compiler_plugin,
  file_google_protobuf_duration,
  file_google_protobuf_empty,
  file_google_protobuf_field_mask,
  file_google_protobuf_struct,
  file_google_protobuf_timestamp,
  file_google_protobuf_wrappers,
];

/** The index of reflection. */
interface Described {
  readonly services: readonly DescService[];
  /** By name. */
  readonly files: ReadonlyMap<string, DescFile>;
  readonly symbols: SymbolIndex;
}

/** The gRPC reflection protocol for these services, so that `buf curl` and `grpcurl` work without local protos. */
export function createReflection(services: readonly DescService[]): ServiceImpl<typeof ServerReflection> {
  const files = new Map<string, DescFile>();
  for (const file of [...services.map((service) => service.file), ...BESIDE_SERVICES]) addWithImports(files, file);
  const described = { services, files, symbols: indexSymbols(files.values()) };
  return {
    async *serverReflectionInfo(requests) {
      for await (const request of requests) {
        const messageResponse = answer(described, request);
        yield create(ServerReflectionResponseSchema, {
          validHost: request.host,
          originalRequest: request,
          messageResponse,
        });
      }
    },
  };
}

function answer({ services, files, symbols }: Described, { messageRequest }: ServerReflectionRequest): Answer {
  switch (messageRequest.case) {
    case "listServices": {
      const service = services.map(({ typeName }) => ({ name: typeName }));
      return { case: "listServicesResponse", value: { service } };
    }
    case "fileByFilename":
      return describeFile(files.get(messageRequest.value), messageRequest.value);
    case "fileContainingSymbol":
      return describeFile(symbols.fileOf(messageRequest.value), messageRequest.value);
    case "fileContainingExtension": {
      const { containingType: extendee, extensionNumber: number } = messageRequest.value;
      return describeFile(symbols.fileOfExtension({ extendee, number }), `${extendee} extension ${number}`);
    }
    case "allExtensionNumbersOfType": {
      const { value: baseTypeName } = messageRequest;
      const extensionNumber = symbols.extensionNumbers(baseTypeName);
      if (extensionNumber === undefined) return notKnown(baseTypeName);
      return { case: "allExtensionNumbersResponse", value: { baseTypeName, extensionNumber: [...extensionNumber] } };
    }
    case undefined:
      return {
        case: "errorResponse",
        value: { errorCode: Code.InvalidArgument, errorMessage: "the request is empty" },
      };
    default:
      return messageRequest satisfies never;
  }
}

/** The file with all its imports, so that clients need only one request. */
function describeFile(file: DescFile | undefined, wanted: string): Answer {
  if (file === undefined) return notKnown(wanted);
  return { case: "fileDescriptorResponse", value: { fileDescriptorProto: encode(file) } };
}

function notKnown(wanted: string): Answer {
  return {
    case: "errorResponse",
    value: { errorCode: Code.NotFound, errorMessage: `"${wanted}" is not known here` },
  };
}

/** Cache of encoded files: anybody may ask, at any rate. */
const encoded = new WeakMap<DescFile, Uint8Array<ArrayBuffer>[]>();

function encode(file: DescFile): Uint8Array<ArrayBuffer>[] {
  const known = encoded.get(file);
  if (known !== undefined) return known;
  const closure = new Map<string, DescFile>();
  addWithImports(closure, file);
  const bytes = [...closure.values()].map(({ proto }) => toBinary(FileDescriptorProtoSchema, proto));
  encoded.set(file, bytes);
  return bytes;
}

function addWithImports(files: Map<string, DescFile>, file: DescFile): void {
  const name = file.proto.name;
  if (files.has(name)) return;
  files.set(name, file);
  for (const dependency of file.dependencies) addWithImports(files, dependency);
}
