import { expect, test } from "vitest";
import { withoutCredentials } from "./url_credentials.ts";

test.each([
  ["https://example.com/hook?a=b@c", "https://example.com/hook?a=b@c"],
  ["https://user:pass@example.com/hook", "https://***@example.com/hook"],
  ["https://:pass@example.com/hook", "https://***@example.com/hook"],
  ["https://token@example.com/hook", "https://***@example.com/hook"],
  ["http:user:pass@example.com", "http://***@example.com/"],
  ["http:\\\\user:pass@example.com", "http://***@example.com/"],
  ["ftp://user:p%40ss@example.com/", "ftp://***@example.com/"],
  ["http://user:pass@[nothing", "***@[nothing"],
  ["http://user:p@ss@exa mple", "***@exa mple"],
  ["", ""],
])("withoutCredentials() shows %s as %s", (text, shown) => {
  expect(withoutCredentials(text)).toBe(shown);
});
