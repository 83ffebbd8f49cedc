/** A response, whole or in chunks. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | AsyncIterable<string | Uint8Array>;
}

/** An error as this API returns it. `stack` is one text, causes included. */
export interface ExceptionObject {
  readonly message: string;
  readonly errorClass: string;
  readonly stack: string;
}

const JSON_TYPE = { "content-type": "application/json" };

/** A value as compact JSON. Its keys keep their order. */
export function json(status: number, value: unknown): Answer {
  return rawJson(status, JSON.stringify(value));
}

/** JSON text, whole or in chunks. */
export function rawJson(status: number, body: Answer["body"]): Answer {
  return { status, headers: JSON_TYPE, body };
}

export function text(status: number, body: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, headers: { "content-type": "text/plain; charset=UTF-8", ...headers }, body };
}

/** `{"status":"SUCCESS"}`, or with a message as `result`. */
export function success(message?: string): Answer {
  return json(200, { status: "SUCCESS", result: message });
}

/** `{"status":"ERROR","result":"<message>"}`. `also` holds further keys. */
export function failure(status: number, message: string, also: object = {}): Answer {
  return json(status, { status: "ERROR", result: message, ...also });
}

/** `{"status":"<label>","result":{message,errorClass,stack}}`. `also` holds further keys. */
export function exception(status: number, label: string, error: ExceptionObject, also: object = {}): Answer {
  return json(status, { status: label, result: error, ...also });
}

/** The response to a request that cannot be served, as an error to throw. */
export class Rejection extends Error {
  override readonly name = "Rejection";
  readonly answer: Answer;

  constructor(answer: Answer) {
    super(`answered ${answer.status}`);
    this.answer = answer;
  }
}
