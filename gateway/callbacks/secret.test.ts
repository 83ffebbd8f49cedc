import { stat } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createTemporaryDirectory } from "../../test/contract/temporary_directory.ts";
import { openSecret } from "./secret.ts";
import { sign } from "./signature.ts";

test("openSecret() creates one secret under concurrent calls, and finds it again", async () => {
  await using directory = await createTemporaryDirectory();
  const dataDir = join(directory.path, "new");

  const secrets = await Promise.all(Array.from({ length: 8 }, () => openSecret(dataDir)));

  expect(new Set([...secrets, await openSecret(dataDir)]).size).toBe(1);
  expect(secrets[0]).toMatch(/^[0-9a-f]{64}$/);
  expect((await stat(join(dataDir, "callback-secret"))).mode & 0o777).toBe(0o600);
});

test("sign() equals the HMAC of openssl over timestamp, dot and body", () => {
  // printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac secret
  expect(sign({ secret: "secret", timestamp: 1_700_000_000, body: '{"a":1}' })).toBe(
    "v1=49f24e537407743fa4a0242bb63b94b9a47ee99cbbe071ccd8a22550ae411686",
  );
});
