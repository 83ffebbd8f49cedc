/** Whether a text is JSON. It may nest deeper, and have larger numbers and other texts, than a protobuf message can hold. */
export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
