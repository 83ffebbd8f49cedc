import type { BinarySelector } from "../../plugins/contract/mod.ts";
import { binarySelectorInvalid } from "../../proto/errors.ts";

const REFERENCE = /^(?<name>[^@]+)(?:@(?:(?<version>[1-9]\d{0,8})|(?<digest>sha256:[0-9a-f]{64})))?$/;

/** Parses `name`, `name@2` and `name@sha256:<hex>`. */
export function parseBinaryName(reference: string): { readonly name: string; readonly selector: BinarySelector } {
  const groups = REFERENCE.exec(reference)?.groups;
  if (groups?.name === undefined) throw binarySelectorInvalid(reference);
  const { name, version, digest } = groups;
  if (version !== undefined) return { name, selector: { version: Number(version) } };
  return { name, selector: digest === undefined ? { newest: true } : { digest } };
}
