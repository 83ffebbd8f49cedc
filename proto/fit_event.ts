/** The used part of the JSON form of an event. */
type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/** Reductions of an event that is too large, the mildest first. */
interface Reduction {
  /** Characters of a text. */
  readonly text: number;
  /** Entries of a list. */
  readonly list: number;
}

/** Fields that are left out altogether: what a job says freely, and what it returned, which would be wrong where it is cut. */
const FREE_FIELDS = new Set(["fields", "value"]);

const REDUCTIONS: readonly Reduction[] = [
  { text: 16_384, list: 1000 },
  { text: 2048, list: 200 },
  { text: 256, list: 100 },
  { text: 128, list: 10 },
  { text: 128, list: 0 },
];

/** Lists of which the newest entries are last. Of others the first are kept. */
const GROWING_LISTS = new Set(["stages"]);

/** Default maximum payload of a NATS server, in bytes. */
const DEFAULT_MAX_PAYLOAD = 1024 * 1024;

/** The server counts headers as well; an event's are shorter than this. */
const HEADER_BYTES = 1024;

/** Bytes of the JSON of an event that a server of NATS takes, by the `max_payload` of its INFO. */
export function mostEventBytes(maxPayload = DEFAULT_MAX_PAYLOAD): number {
  return maxPayload - HEADER_BYTES;
}

/** No character takes more than three bytes of UTF-8 a UTF-16 unit. */
const BYTES_PER_UNIT = 3;

/**
 * The JSON of an event of a job or context, reduced to what a server of NATS takes where it is larger: texts and lists are cut, free
 * fields are left out, and `omitted` says so and where the whole is. Identity, type and reasons are always kept.
 */
export function fitEvent(payload: string, mostBytes: number): string {
  if (payload.length * BYTES_PER_UNIT <= mostBytes || Buffer.byteLength(payload) <= mostBytes) return payload;
  const event: { readonly [name: string]: Json } = JSON.parse(payload);
  const omitted = describe(event, mostBytes);
  let reduced = payload;
  for (const reduction of REDUCTIONS) {
    reduced = JSON.stringify({ ...reduceFields(event, reduction), omitted });
    if (Buffer.byteLength(reduced) <= mostBytes) break;
  }
  return reduced;
}

function reduce(value: Json, reduction: Reduction): Json {
  if (typeof value === "string") return cut(value, reduction.text);
  if (typeof value !== "object" || value === null) return value;
  if (isList(value)) return value.slice(0, reduction.list).map((entry) => reduce(entry, reduction));
  return reduceFields(value, reduction);
}

function reduceFields(fields: { readonly [name: string]: Json }, reduction: Reduction): { [name: string]: Json } {
  const kept = Object.entries(fields).filter(([name]) => !FREE_FIELDS.has(name));
  return Object.fromEntries(
    kept.map(([name, value]) => {
      const isGrowing = GROWING_LISTS.has(name) && isList(value);
      return [name, reduce(isGrowing ? newest(value, reduction.list) : value, reduction)];
    }),
  );
}

function newest(list: readonly Json[], count: number): readonly Json[] {
  return list.slice(Math.max(0, list.length - count));
}

/** `Array.isArray` does not know of readonly arrays. */
function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

/** Cuts before a surrogate pair that would lose its second half. */
function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  const isPair = (text.codePointAt(length - 1) ?? 0) > 0xffff;
  return `${text.slice(0, isPair ? length - 1 : length)} … (cut: ${text.length} characters)`;
}

function describe({ jobId, contextId, logged }: { readonly [name: string]: Json }, mostBytes: number): string {
  const why = `This event is cut: NATS takes ${mostBytes} bytes as one message.`;
  if (jobId === undefined) return `${why} GetContext has the whole, over REST GET /v1/contexts/${contextId}`;
  const [method, path] = logged === undefined ? ["GetJob", ""] : ["ListJobLogs", "/logs"];
  const result = logged === undefined ? `, GetJobResult what the job returned` : "";
  return `${why} ${method} has the whole${result}, over REST GET /v1/jobs/${jobId}${path}`;
}
