/** The parts of Hearth's REST API that the demonstration needs, with `fetch` and without Hearth's code. */
export interface Client {
  readonly url: string;
  readonly signal: AbortSignal;
}

interface JobProgress {
  readonly fraction?: number;
  readonly message?: string;
  /** Of a job in a Spark context. */
  readonly stages?: readonly JobStage[];
}

/** A stage of Spark. Numbers that are 0 are absent. */
export interface JobStage {
  readonly state?: string;
  readonly tasks?: number;
  readonly completedTasks?: number;
}

/** An event of a job, from WatchJob. The field that is set says what happened. */
export interface JobEvent {
  readonly running?: object;
  readonly progress?: JobProgress;
  /** In the final event: the last progress, if no event reported it. */
  readonly lastProgress?: JobProgress;
  readonly succeeded?: object;
  readonly failed?: { readonly error?: { readonly message?: string; readonly stack?: string } };
  readonly cancelled?: object;
  readonly rejected?: object;
}

export async function upload(
  { url, signal }: Client,
  path: string,
  content: string | Uint8Array<ArrayBuffer>,
  type: string,
): Promise<void> {
  await answerOf(await fetch(url + path, { method: "PUT", body: content, headers: { "content-type": type }, signal }));
}

export async function post<Answer>({ url, signal }: Client, path: string, body: unknown): Promise<Answer> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(url + path, { method: "POST", body: JSON.stringify(body), headers, signal });
  return (await answerOf(response)).json() as Promise<Answer>;
}

export async function get<Answer>({ url, signal }: Client, path: string): Promise<Answer> {
  return (await answerOf(await fetch(url + path, { signal }))).json() as Promise<Answer>;
}

/** The events of a job as they happen, one JSON line each; ends after the final one. */
export async function* watchJob({ url, signal }: Client, id: string): AsyncGenerator<JobEvent> {
  const response = await answerOf(await fetch(`${url}/v1/jobs/${id}/events`, { signal }));
  yield* readLines<JobEvent>(response);
}

/** The lines of a query's result as they arrive: the schema, the rows, and how many rows there were. */
export async function* runSql({ url, signal }: Client, context: string, query: object): AsyncGenerator<SqlLine> {
  const headers = { "content-type": "application/json" };
  const body = JSON.stringify(query);
  const request = fetch(`${url}/v1/contexts/${context}:sql`, { method: "POST", body, headers, signal });
  yield* readLines<SqlLine>(await answerOf(await request));
}

/** A line of a query's result. */
export type SqlLine = Readonly<Record<string, unknown>>;

async function* readLines<Line>(response: Response): AsyncGenerator<Line> {
  let rest = "";
  for await (const text of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line) yield JSON.parse(line) as Line;
  }
}

async function answerOf(response: Response): Promise<Response> {
  if (response.ok) return response;
  throw new Error(`${response.url} answered ${response.status}: ${await response.text()}`);
}
