import type { Redactor } from "./redactor.ts";
import { findAll } from "./search.ts";

/** Bytes in pieces, which may split a value anywhere. */
export interface RedactedStream {
  /** Returns what can be forwarded by now. Throws when no more can be. */
  push(bytes: Uint8Array): Uint8Array;
  /** Returns the rest. */
  end(): Uint8Array;
}

/** `application/json` stays JSON; other types are redacted as bytes. */
export function createRedactedStream(redactor: Redactor, mediaType: string): RedactedStream {
  return mediaType === "application/json" ? redactJson(redactor) : redactBytes(redactor);
}

/** Holds back one byte less than the longest value. */
function redactBytes({ inBytes: { search, markOf } }: Redactor): RedactedStream {
  let held = "";

  /** Redacts values that begin before `limit`, and holds the rest back. */
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

/** Holds back everything after the last comma, colon or bracket outside of texts. */
function redactJson({ jsonPart }: Redactor): RedactedStream {
  const decoder = new TextDecoder();
  let held: string[] = [];
  let isInText = false;
  let isEscaped = false;

  /** The position after the last such character of a piece; 0 if there is none. */
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
