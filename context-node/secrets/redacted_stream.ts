import type { Redactor } from "./redactor.ts";
import { findAll } from "./search.ts";

/** Bytes that come in pieces, which may cut a value anywhere. */
export interface RedactedStream {
  /** What can be told by now. Throws when no more can be told. */
  push(bytes: Uint8Array): Uint8Array;
  /** What was held back. */
  end(): Uint8Array;
}

/** `application/json` stays JSON; of other types the bytes are looked at as they are. */
export function createRedactedStream(redactor: Redactor, mediaType: string): RedactedStream {
  return mediaType === "application/json" ? redactJson(redactor) : redactBytes(redactor);
}

/** Holds back as many bytes as the longest value has, less one. */
function redactBytes({ inBytes: { search, markOf } }: Redactor): RedactedStream {
  let held = "";

  /** Redacts what begins before `limit`, and holds the rest back. */
  function pass(text: string, limit: number): Uint8Array {
    let passed = "";
    let at = 0;
    for (const { index, form } of findAll(search, text, limit)) {
      passed += text.slice(at, index) + markOf(form);
      at = index + form.length;
    }
    const end = Math.max(at, limit);
    passed += text.slice(at, end);
    held = text.slice(end);
    return Buffer.from(passed, "latin1");
  }

  return {
    push(bytes) {
      const text = held + Buffer.from(bytes).toString("latin1");
      return pass(text, text.length - search.longest + 1);
    },
    end: () => pass(held, held.length),
  };
}

/** Holds back what stands behind the last comma, colon or bracket that is in no text. */
function redactJson({ jsonPart }: Redactor): RedactedStream {
  const decoder = new TextDecoder();
  let held: string[] = [];
  let isInText = false;
  let isEscaped = false;

  /** The place behind the last such character of a piece; 0 when it has none. */
  function findBoundary(piece: string): number {
    let boundary = 0;
    for (let at = 0; at < piece.length; at++) {
      const char = piece[at];
      if (isEscaped) isEscaped = false;
      else if (char === "\\") isEscaped = isInText;
      else if (char === '"') isInText = !isInText;
      else if (!isInText && (char === "," || char === ":" || char === "]" || char === "}")) boundary = at + 1;
    }
    return boundary;
  }

  function pass(piece: string, boundary: number): Uint8Array {
    if (boundary === 0) {
      held.push(piece);
      return new Uint8Array();
    }
    const whole = held.join("") + piece.slice(0, boundary);
    held = [piece.slice(boundary)];
    return Buffer.from(jsonPart(whole));
  }

  return {
    push(bytes) {
      const piece = decoder.decode(bytes, { stream: true });
      return pass(piece, findBoundary(piece));
    },
    end() {
      return Buffer.from(jsonPart(held.join("") + decoder.decode()));
    },
  };
}
