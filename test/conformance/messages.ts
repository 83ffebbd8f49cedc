/** The suite's protos as far as they are read here. They are loaded when the suite runs, from the sources of its Go module. */
import { readFileSync } from "node:fs";
import {
  createFileRegistry,
  type DescMessage,
  type DescService,
  type FileRegistry,
  fromBinary,
} from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

const PACKAGE = "connectrpc.conformance.v1";

export interface SuiteProtos {
  readonly registry: FileRegistry;
  readonly service: DescService;
  message(name: string): DescMessage;
}

/** Reads a descriptor set of the suite's protos. */
export function readProtos(path: string): SuiteProtos {
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(path)));
  const service = registry.getService(`${PACKAGE}.ConformanceService`);
  if (service === undefined) throw new Error(`No service of the suite in ${path}`);
  return {
    registry,
    service,
    message(name) {
      const found = registry.getMessage(`${PACKAGE}.${name}`);
      if (found === undefined) throw new Error(`No message ${name} of the suite in ${path}`);
      return found;
    },
  };
}

// biome-ignore lint/suspicious/noExplicitAny: a message without generated types
export type Untyped = any;
