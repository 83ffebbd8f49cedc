/** The cost of Connect alone: RunJob of the same API, which returns its request at once. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { Job_State, JobService } from "../../proto/mod.ts";

const adapter = connectNodeAdapter({
  routes: (router) =>
    router.service(JobService, {
      runJob: ({ job }) => ({
        job: { state: Job_State.SUCCEEDED, binary: job?.binary ?? "" },
        result: { kind: { case: "structValue", value: job?.config ?? {} } },
      }),
    }),
});
const server = createServer(adapter).listen(0, "127.0.0.1", () => {
  console.log(`listening on ${(server.address() as AddressInfo).port}`);
});
process.once("SIGTERM", () => process.exit(0));
