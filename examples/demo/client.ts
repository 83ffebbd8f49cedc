/** As much of Hearth's REST API as the demonstration needs: `fetch`, and nothing of Hearth's own. */
export interface Client {
  readonly url: string;
  readonly signal: AbortSignal;
}

interface JobProgress {
  readonly fraction?: number;
  readonly message?: string;
}

/** An event of a job, as WatchJob tells it: the field that is set says what happened. */
export interface JobEvent {
  readonly progress?: JobProgress;
  /** With the end of a job: the last progress, when no event told it. */
  readonly lastProgress?: JobProgress;
  readonly succeeded?: object;
  readonly failed?: { readonly error?: { readonly message?: string; readonly stack?: string } };
  readonly cancelled?: object;
  readonly rejected?: object;
}

export async function upload({ url, signal }: Client, path: string, content: string, type: string): Promise<void> {
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
  let rest = "";
  for await (const text of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line) yield JSON.parse(line) as JobEvent;
  }
}

async function answerOf(response: Response): Promise<Response> {
  if (response.ok) return response;
  throw new Error(`${response.url} answered ${response.status}: ${await response.text()}`);
}
