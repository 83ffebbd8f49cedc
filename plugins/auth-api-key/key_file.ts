import { z } from "zod";

const keyRecord = z.strictObject({
  /** The public part of the key. */
  id: z.string().regex(/^[0-9a-f]{12}$/),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Id of the principal. */
  name: z.string().min(1),
  roles: z.array(z.string().min(1)),
  /** Permissions that limit its roles. */
  permissions: z.array(z.string().min(1)).optional(),
  created: z.iso.datetime(),
  expires: z.iso.datetime().optional(),
  revoked: z.boolean().default(false),
});

const keyFile = z.strictObject({ keys: z.array(keyRecord) }).refine(({ keys }) => hasDistinctIds(keys), {
  message: "two keys have the same id",
});

export type KeyRecord = z.infer<typeof keyRecord>;
export type KeyFile = z.infer<typeof keyFile>;

/** Parses a file of keys. Throws an Error that lists all problems. */
export function parseKeyFile(text: string): KeyFile {
  const parsed = keyFile.safeParse(JSON.parse(text));
  if (!parsed.success) throw new Error(z.prettifyError(parsed.error));
  return parsed.data;
}

export function formatKeyFile(file: KeyFile): string {
  return `${JSON.stringify(file, undefined, 2)}\n`;
}

function hasDistinctIds(keys: readonly KeyRecord[]): boolean {
  return new Set(keys.map(({ id }) => id)).size === keys.length;
}
