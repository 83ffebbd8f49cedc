import { expect, test } from "vitest";
import { createAddressRule } from "../../cluster/mod.ts";
import { parseCallbackUrl } from "./url.ts";

const isPublic = createAddressRule([]);

test.each([
  "http://example.com/hook",
  "https://example.com:8443/a?b=c",
  "https://1.1.1.1/",
  "http://[2606:4700::1111]/",
])("parseCallbackUrl() accepts %s", (url) => expect(parseCallbackUrl(url, isPublic).href).toBe(url));

test.each([
  ["example.com/hook", "it is not a valid URL"],
  ["", "it is not a valid URL"],
  ["ftp://example.com/", "its scheme must be http or https"],
  ["file:///etc/passwd", "its scheme must be http or https"],
  ["javascript:alert(1)", "its scheme must be http or https"],
  ["http://127.0.0.1/", "its address is not on the public internet"],
  ["http://2130706433/", "its address is not on the public internet"],
  ["http://0x7f.1/", "its address is not on the public internet"],
  ["http://169.254.169.254/latest/meta-data", "its address is not on the public internet"],
  ["http://[::1]/", "its address is not on the public internet"],
  ["http://[::ffff:10.0.0.1]/", "its address is not on the public internet"],
  ["http://localhost:3000/", "its address is not on the public internet"],
  ["http://me.localhost/", "its address is not on the public internet"],
])("parseCallbackUrl() refuses %s", (url, why) => {
  expect(() => parseCallbackUrl(url, isPublic)).toThrow(`Cannot call back "${url}": ${why}`);
});

test("parseCallbackUrl() accepts localhost when one of its addresses is allowed", () => {
  expect(parseCallbackUrl("http://localhost:3000/", createAddressRule(["::1"])).port).toBe("3000");
});
