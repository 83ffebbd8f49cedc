/** A URL, or what was meant to be one, without the user and password in it. One that has none stays as it is. */
export function withoutCredentials(text: string): string {
  const url = URL.parse(text);
  // What is no URL may have them all the same.
  if (url === null) return text.includes("@") ? `***${text.slice(text.lastIndexOf("@"))}` : text;
  if (url.username === "" && url.password === "") return text;
  url.username = "***";
  url.password = "";
  return url.href;
}
