import { createSocket } from "node:dgram";
import { once } from "node:events";
import { parseIpAddress } from "../../../cluster/mod.ts";

/** Records of one name: addresses, or its canonical name. */
export interface NameRecords {
  readonly a?: string;
  /** 16 bytes, in hexadecimal. */
  readonly aaaa?: string;
  readonly cname?: string;
}

const TYPES = { a: 1, cname: 5, aaaa: 28 } as const;

/** Serves DNS (RFC 1035) over UDP on port 53 of 127.0.0.1. Records the queried types. */
export async function startNameServer(records: Readonly<Record<string, NameRecords>>) {
  const socket = createSocket("udp4");
  const askedTypes = new Set<number>();
  socket.on("message", (query, { port, address }) => {
    const { name, type, end } = readQuestion(query);
    askedTypes.add(type);
    const { cname } = records[name] ?? {};
    const owner = cname ?? name;
    const { a, aaaa } = records[owner] ?? {};
    const answers = [
      ...(cname === undefined ? [] : [record(name, TYPES.cname, printName(cname))]),
      ...(a !== undefined && type === TYPES.a ? [record(owner, type, ipv4(a))] : []),
      ...(aaaa !== undefined && type === TYPES.aaaa ? [record(owner, type, Buffer.from(aaaa, "hex"))] : []),
    ];
    const head = Buffer.alloc(12);
    query.copy(head, 0, 0, 2);
    head.writeUInt16BE(0x8180, 2);
    head.writeUInt16BE(1, 4);
    head.writeUInt16BE(answers.length, 6);
    socket.send(Buffer.concat([head, query.subarray(12, end), ...answers]), port, address);
  });
  socket.bind(53, "127.0.0.1");
  await once(socket, "listening");
  return { askedTypes, [Symbol.dispose]: () => socket.close() };
}

function readQuestion(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString("latin1", at + 1, at + 1 + length));
    at += length + 1;
  }
  return { name: labels.join(".").toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

function record(name: string, type: number, data: Buffer): Buffer {
  const fields = Buffer.alloc(10);
  fields.writeUInt16BE(type, 0);
  fields.writeUInt16BE(1, 2);
  fields.writeUInt16BE(data.length, 8);
  return Buffer.concat([printName(name), fields, data]);
}

function printName(name: string): Buffer {
  const labels = name.split(".").map((label) => Buffer.from(`${String.fromCharCode(label.length)}${label}`, "latin1"));
  return Buffer.concat([...labels, Buffer.alloc(1)]);
}

function ipv4(text: string): Buffer {
  const data = Buffer.alloc(4);
  data.writeUInt32BE(Number(parseIpAddress(text)?.first ?? 0n));
  return data;
}
