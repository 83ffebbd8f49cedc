/** The thread that owns the writing connection: receives batches, commits each in one transaction, and responds. */
import { parentPort, workerData } from "node:worker_threads";
import { openForWriting } from "../database.ts";
import { type Batch, unpackBatch } from "./batch.ts";
import { prepareCommit } from "./commit.ts";

if (!parentPort) throw new Error("writer_thread.ts runs as a worker thread only");
const port = parentPort;
const database = openForWriting(workerData.path);
const commit = prepareCommit(database);

port.on("message", (message: Batch | "close") => {
  if (message !== "close") {
    port.postMessage(commit(unpackBatch(message)));
    return;
  }
  database.close();
  port.close();
});
port.postMessage("open");
