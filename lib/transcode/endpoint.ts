import type { Binding } from "./annotation/binding.ts";
import { type FieldPath, resolveFieldPath } from "./annotation/fields.ts";
import { printTemplate } from "./annotation/template.ts";
import type { TranscoderOptions } from "./options.ts";
import { createPrinter, createRawHead, type PrintMessage, type RawHead } from "./respond.ts";

/** A binding with everything that is computed before the first request. */
export interface Endpoint extends Binding {
  readonly templateText: string;
  readonly bodyLimit: { readonly bytes: number; readonly values: number | undefined };
  readonly print: PrintMessage;
  readonly rawHead: RawHead;
  readonly resumePath: FieldPath | undefined;
}

export function createEndpoint(binding: Binding, options: TranscoderOptions): Endpoint {
  const { limits, jsonOptions, events } = options;
  const bodyBytes = limits?.bodyBytes ?? 4 * 1024 * 1024;
  const { input } = binding.method;
  const resumeField = events?.resumeFields?.find((name) => input.fields.some((field) => field.name === name));
  return {
    ...binding,
    structLevels: options.structLevels,
    variables: binding.variables.map((variable) => ({ ...variable, decodesSlashes: options.decodesSlashes })),
    templateText: printTemplate(binding.template),
    bodyLimit: {
      bytes: binding.body.type === "raw" ? (limits?.rawBodyBytes ?? bodyBytes) : bodyBytes,
      values: binding.body.type === "json" ? limits?.bodyValues : undefined,
    },
    print: createPrinter(binding, jsonOptions),
    rawHead: createRawHead(options),
    resumePath: resumeField === undefined ? undefined : resolveFieldPath(input, [resumeField]),
  };
}
