/**
 * The server that the suite starts and calls: a gateway's port with its ways of serving calls, and the suite's service behind it. Reads what
 * is wanted from its standard input, writes where it listens to its standard output, and ends with SIGTERM. The argument is a
 * descriptor set of the suite's protos.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, createContextValues } from "@connectrpc/connect";
import pino from "pino";
import { limitsSection } from "../../gateway/limits.ts";
import { listenOnOnePort } from "../../gateway/serve/connections/one_port.ts";
import { createRequestListener } from "../../gateway/serve/exchanges/request_listener.ts";
import { answerNotFound } from "../../gateway/serve/responses/not_found.ts";
import { setSecurityHeaders } from "../../gateway/serve/responses/security_headers.ts";
import { reportDecodeErrors } from "../../gateway/serve/rpc/decode_errors.ts";
import { createRpc } from "../../gateway/serve/rpc/rpc.ts";
import { createPreconditionCheck } from "../../gateway/serve/rpc/rpc_preconditions.ts";
import type { UnaryCall } from "../../gateway/serve/unary/unary_call.ts";
import { readProtos, type Untyped } from "./messages.ts";
import { createConformanceService } from "./service.ts";

const HOST = "127.0.0.1";

const log = pino({ level: "warn" }, pino.destination(2));
const protos = readProtos(process.argv[2] ?? "");
const wanted: Untyped = fromBinary(protos.message("ServerCompatRequest"), await readFrame());
const limits = limitsSection.parse(wanted.messageReceiveLimit > 0 ? { messageBytes: wanted.messageReceiveLimit } : {});
const folder = await mkdtemp(join(tmpdir(), "hearth-conformance-"));

const service = createConformanceService(protos);
const rpc = createRpc({
  routes: (router) => router.service(protos.service, service),
  direct: {
    services: [protos.service],
    invoke(method, message, call) {
      const implemented = service[method.localName];
      if (implemented === undefined) throw new ConnectError(`${method} is not implemented`, Code.Unimplemented);
      return implemented(message, toContext(call));
    },
  },
  readMaxBytes: limits.messageBytes,
  jsonOptions: { registry: protos.registry },
  requestGate: reportDecodeErrors,
  mostBytes: () => limits.messageBytes,
  contextValues: () => createContextValues(),
});
const rejectInvalidCall = createPreconditionCheck(rpc.handlers);
const port = await listenOnOnePort({
  host: HOST,
  port: 0,
  tls: wanted.useTls ? await writeTlsFiles() : undefined,
  log,
  limits,
  serve: createRequestListener(
    async (request, response) => {
      setSecurityHeaders(request, response);
      if (rejectInvalidCall(request, response) || (await rpc.answer(request, response))) return;
      answerNotFound(request, response);
    },
    { log },
  ),
});
process.once("SIGTERM", () => {
  Promise.all([port[Symbol.asyncDispose](), rm(folder, { recursive: true })]).then(
    () => process.exit(0),
    (error) => {
      log.error({ err: error }, "the server did not end");
      process.exit(1);
    },
  );
});
writeFrame(
  toBinary(
    protos.message("ServerCompatResponse"),
    create(protos.message("ServerCompatResponse"), {
      host: HOST,
      port: Number(port.address.split(":").at(-1)),
      ...(wanted.useTls && { pemCert: wanted.serverCreds.cert }),
    } as Untyped),
  ),
);

/** What the service asks of a call. */
function toContext(call: UnaryCall): Untyped {
  const url = new URL(call.request.url ?? "", `http://${HOST}`).href;
  const { signal, requestHeader, responseHeader, responseTrailer } = call;
  return { url, signal, requestHeader, responseHeader, responseTrailer, timeoutMs: () => call.timeoutMs() };
}

async function writeTlsFiles() {
  const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  await writeFile(cert, wanted.serverCreds.cert);
  await writeFile(key, wanted.serverCreds.key);
  return { cert, key, clientCa: undefined };
}

/** Reads one message from the standard input: four bytes of its length, big-endian, and the message. */
async function readFrame(): Promise<Uint8Array> {
  let bytes = Buffer.alloc(0);
  for await (const chunk of process.stdin) {
    bytes = Buffer.concat([bytes, chunk]);
    if (bytes.length >= 4 && bytes.length >= 4 + bytes.readUInt32BE()) break;
  }
  return bytes.subarray(4, 4 + bytes.readUInt32BE());
}

function writeFrame(message: Uint8Array): void {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(message.length);
  process.stdout.write(Buffer.concat([head, message]));
}
