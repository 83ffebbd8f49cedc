import fc from "fast-check";
import { expect, test } from "vitest";
import { isWithin, parseIpAddress, parseIpRange } from "../../cluster/mod.ts";
import { reachOf } from "./mod.ts";

const PORTS = [80, 443, 5432];
const SPECIAL = Array.from({ length: 8 }, (_, last) => `10.0.0.${last}`);

const port = fc.option(fc.constantFrom(...PORTS), { nil: undefined });
const withPort = (host: string, number: number | undefined) => (number === undefined ? host : `${host}:${number}`);

const entry = fc
  .record({ last: fc.nat({ max: 7 }), prefix: fc.integer({ min: 29, max: 32 }), port })
  .map((each) => ({ range: `10.0.0.${each.last}/${each.prefix}`, port: each.port }));

const name = fc.record({ host: fc.constantFrom("a.example.com", "b.example.com"), port });
const address = fc.record({ host: fc.constantFrom(...SPECIAL), port });

interface Destination {
  readonly host: string;
  readonly port: number | undefined;
}

/** Whether a list of Deno's permissions covers an address on a port. */
function has(list: readonly string[], host: string, number: number): boolean {
  const address = parseIpAddress(host);
  return list.some((text) => {
    const [range = "", only] = text.startsWith("[") ? [text.slice(1).split("]")[0]] : text.split(":");
    const parsed = parseIpRange(range);
    const isSame = only === undefined || Number(only) === number;
    return isSame && address !== undefined && parsed !== undefined && isWithin(address, parsed);
  });
}

const asked = fc.record({
  entries: fc.array(entry, { maxLength: 4 }),
  names: fc.array(name, { maxLength: 3 }),
  addresses: fc.array(address, { maxLength: 3 }),
});

interface Asked {
  readonly entries: readonly { readonly range: string; readonly port: number | undefined }[];
  readonly names: readonly Destination[];
  readonly addresses: readonly Destination[];
}

function answerTo({ entries, names, addresses }: Asked) {
  const { net, reach } = reachOf({
    context: "a",
    net: [...names, ...addresses].map((each) => withPort(each.host, each.port)),
    policy: { "*": ["*", ...entries.map((each) => withPort(each.range, each.port))] },
    own: [],
  });
  return { net, deny: reach?.deny ?? [], hasAllPorts: names.some((each) => each.port === undefined) };
}

/** Whether the configuration names an address on a port, or on all ports. */
function isNamed({ entries }: Asked, host: string, number: number | undefined): boolean {
  return entries.some((each) => has([each.range], host, 0) && (each.port === undefined || each.port === number));
}

test("a name reaches a private address exactly when the configuration names that address on that port", () => {
  const check = (asking: Asked) => {
    const { deny, hasAllPorts } = answerTo(asking);
    const ports = PORTS.filter((number) => asking.names.some((each) => (each.port ?? number) === number));
    const destinations = SPECIAL.flatMap((host) => ports.map((number) => ({ host, number })));
    // Beside a name on all ports, an address is reachable on all of its ports or on none.
    const wanted = destinations.filter(({ host, number }) => isNamed(asking, host, hasAllPorts ? undefined : number));
    expect(destinations.filter(({ host, number }) => !has(deny, host, number))).toEqual(wanted);
  };
  fc.assert(fc.property(asked, check), { numRuns: 1000 });
});

test("an address is granted when the configuration names it, and then denied on no port", () => {
  const check = (asking: Asked) => {
    const { net, deny, hasAllPorts } = answerTo(asking);
    const granted = asking.addresses.filter((each) => net.includes(withPort(each.host, each.port)));
    const isGranted = ({ host, port: number }: Destination) =>
      isNamed(asking, host, number) && (!hasAllPorts || isNamed(asking, host, undefined));
    expect(granted).toEqual(asking.addresses.filter(isGranted));
    const denied = granted.filter((each) =>
      PORTS.some((number) => (each.port ?? number) === number && has(deny, each.host, number)),
    );
    expect(denied).toEqual([]);
  };
  fc.assert(fc.property(asked, check), { numRuns: 1000 });
});
