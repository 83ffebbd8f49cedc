/** The service that a user would write for Restate. Its server calls it over HTTP/2. */
import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { type Context, createEndpointHandler, service } from "@restatedev/restate-sdk";

const words = service({
  name: "Words",
  handlers: {
    async count(_: Context, { input }: { input: { string: string } }) {
      const counts: Record<string, number> = {};
      for (const word of input.string.split(" ")) counts[word] = (counts[word] ?? 0) + 1;
      return counts;
    },
  },
});
// By default it writes two lines for each call.
const server = createServer(createEndpointHandler({ services: [words], logger: () => {} }));
server.listen(0, "127.0.0.1", () => console.log(`listening on ${(server.address() as AddressInfo).port}`));
process.once("SIGTERM", () => process.exit(0));
