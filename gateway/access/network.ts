/**
 * The network of a caller for limits: an IPv4 address itself, or the /64 network of an IPv6 address (RFC 6177). `address` is in the form of
 * sockets.
 */
export function networkOf(address: string): string {
  // Dual-stack sockets map IPv4 addresses to IPv6.
  const plain = address.replace(/^::ffff:(?=\d+\.)/, "");
  if (!plain.includes(":")) return plain;
  const [head = "", tail] = plain.split("%", 1).join().split("::");
  const first = groupsOf(head);
  const last = groupsOf(tail ?? "");
  const between = Array.from({ length: 8 - first.length - last.length }, () => "0");
  return `${[...first, ...between, ...last].slice(0, 4).join(":")}::/64`;
}

function groupsOf(text: string): string[] {
  return text === "" ? [] : text.split(":");
}
