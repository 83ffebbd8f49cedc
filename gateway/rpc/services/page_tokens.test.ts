import { create } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { type File, FileSchema } from "../../../proto/mod.ts";
import { numberIn, PAGE_TOKEN_PATTERN, readPage } from "./paging.ts";

const FILES = ["a", "019a0000-0000-7000-8000-000000000000", "Ünïcode/file 1.txt", "\0", "z"].sort();

/** A page with one of the files, and the keys that were requested. */
async function read(token: string) {
  const asked: (string | undefined)[] = [];
  const page = await readPage<File>({
    limit: 1,
    token,
    key: ({ name }) => name,
    async read(limit, after) {
      asked.push(after);
      const left = FILES.filter((name) => after === undefined || name > after).slice(0, limit);
      return left.map((name) => create(FileSchema, { name }));
    },
  });
  return { names: page.rows.map(({ name }) => name), nextPageToken: page.nextPageToken, asked };
}

test("tokens of lists are of the pattern in the OpenAPI document, and lead through the whole list", async () => {
  const names: string[] = [];
  for (let token = ""; ; ) {
    const page = await read(token);
    names.push(...page.names);
    token = page.nextPageToken;
    if (token === "") break;
    expect(token).toMatch(new RegExp(PAGE_TOKEN_PATTERN));
  }
  expect(names).toEqual(FILES);
});

test("any token of the pattern is a position in a list", async () => {
  expect((await read("MTo")).asked[0]).toBe("");
  expect((await read("MTpr")).asked[0]).toBe("k");
  expect((await read("MTp_-_")).asked).toEqual([Buffer.from("MTp_-_", "base64url").toString().slice(2)]);
});

test.each(["x", "MT", "Mjpr", "MTpr=", "MTpr!", " MTpr", "MTpr\n"])("the token %j is refused", async (token) => {
  await expect(read(token)).rejects.toMatchObject({ code: Code.InvalidArgument });
});

test.each([
  [undefined, undefined],
  ["17", 17],
  ["0", 0],
  ["x", 0],
  ["-1", 0],
  ["NaN", 0],
  ["1e99", 1],
  ["99999999999999999999", 2 ** 31 - 1],
])("the number in the key %j is %j, which every store takes", (key, number) => {
  expect(numberIn(key)).toBe(number);
});
