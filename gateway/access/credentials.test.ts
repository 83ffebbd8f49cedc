import { expect, test } from "vitest";
import { splitAlternativeNames } from "./credentials.ts";

test.each([
  ["", []],
  ["DNS:a.example.com", ["DNS:a.example.com"]],
  ["DNS:a, URI:spiffe://acme/ci, IP Address:127.0.0.1", ["DNS:a", "URI:spiffe://acme/ci", "IP Address:127.0.0.1"]],
  ['DNS:"a, DNS:b", email:c@d', ["DNS:a, DNS:b", "email:c@d"]],
  ['URI:"x\\", DNS:admin", DNS:b', ['URI:x", DNS:admin', "DNS:b"]],
])("splitAlternativeNames(%j)", (text, names) => {
  expect(splitAlternativeNames(text)).toEqual(names);
});
