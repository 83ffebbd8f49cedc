/**
 * The network by which callers are counted: an IPv4 address stands for itself; of IPv6, who has one address has a /64 network of them
 * (RFC 6177). `address` is as sockets tell it.
 */
export function networkOf(address: string): string {
  // On a socket of both families an IPv4 address comes as an IPv6 one.
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
