import {
  create,
  createRegistry,
  type DescFile,
  type DescService,
  type MessageInitShape,
  type Registry,
  toBinary,
} from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { Code, type ServiceImpl } from "@connectrpc/connect";
import {
  type ServerReflection,
  type ServerReflectionRequest,
  ServerReflectionResponseSchema,
} from "../../proto/mod.ts";

type Answer = NonNullable<MessageInitShape<typeof ServerReflectionResponseSchema>["messageResponse"]>;

/** The gRPC reflection protocol over these services, so that `buf curl` and `grpcurl` work without local protos. */
export function createReflection(services: readonly DescService[]): ServiceImpl<typeof ServerReflection> {
  const files = new Map<string, DescFile>();
  for (const { file } of services) addWithImports(files, file);
  const registry = createRegistry(...files.values());
  return {
    async *serverReflectionInfo(requests) {
      for await (const request of requests) {
        const messageResponse = answer(request, services, files, registry);
        yield create(ServerReflectionResponseSchema, {
          validHost: request.host,
          originalRequest: request,
          messageResponse,
        });
      }
    },
  };
}

function answer(
  { messageRequest }: ServerReflectionRequest,
  services: readonly DescService[],
  files: ReadonlyMap<string, DescFile>,
  registry: Registry,
): Answer {
  switch (messageRequest.case) {
    case "listServices": {
      const service = services.map(({ typeName }) => ({ name: typeName }));
      return { case: "listServicesResponse", value: { service } };
    }
    case "fileByFilename":
      return describeFile(files.get(messageRequest.value), messageRequest.value);
    case "fileContainingSymbol":
      return describeFile(findSymbol(registry, messageRequest.value), messageRequest.value);
    case "fileContainingExtension": {
      const { containingType, extensionNumber } = messageRequest.value;
      const extension = extensionsOf(registry, containingType).find(({ number }) => number === extensionNumber);
      return describeFile(extension?.file, `${containingType} extension ${extensionNumber}`);
    }
    case "allExtensionNumbersOfType": {
      const baseTypeName = messageRequest.value;
      const extensionNumber = extensionsOf(registry, baseTypeName).map(({ number }) => number);
      return { case: "allExtensionNumbersResponse", value: { baseTypeName, extensionNumber } };
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

/** The file with all that it imports: clients need not ask again. */
function describeFile(file: DescFile | undefined, wanted: string): Answer {
  if (file === undefined) {
    return {
      case: "errorResponse",
      value: { errorCode: Code.NotFound, errorMessage: `"${wanted}" is not known here` },
    };
  }
  return { case: "fileDescriptorResponse", value: { fileDescriptorProto: encode(file) } };
}

/** Encoded files, each once: anybody may ask, as often as they like. */
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

/** The file that declares a type, or the method, field or value `symbol` of one. */
function findSymbol(registry: Registry, symbol: string): DescFile | undefined {
  const parent = symbol.slice(0, Math.max(symbol.lastIndexOf("."), 0));
  return (registry.get(symbol) ?? registry.get(parent))?.file;
}

function extensionsOf(registry: Registry, typeName: string) {
  return [...registry].filter((desc) => desc.kind === "extension" && desc.extendee.typeName === typeName) as Extract<
    ReturnType<Registry["get"]>,
    { kind: "extension" }
  >[];
}

function addWithImports(files: Map<string, DescFile>, file: DescFile): void {
  const name = file.proto.name;
  if (files.has(name)) return;
  files.set(name, file);
  for (const dependency of file.dependencies) addWithImports(files, dependency);
}
