/** Whether a text is JSON. Its depth, numbers and texts may exceed what a protobuf message can hold. */
export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
