import { networkInterfaces } from "node:os";

/** Whether this machine has the loopback address of IPv6: containers may have none. */
export const HAS_IPV6 = Object.values(networkInterfaces())
  .flat()
  .some((each) => each?.address === "::1");
