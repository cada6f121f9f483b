/** Owns the question whether an address is among those that a key may come from. No I/O. */
import { BlockList, isIP } from "node:net";

/** Built once for each list that is remembered: the addresses of a list are read more often than they change. */
const listsOf = new WeakMap<readonly string[], BlockList>();

/** True also for a list without entries, which allows every address, and none at all. An IPv4 address is the same one when it is written as an IPv6 one. */
export function isAllowedFrom(allowedIps: readonly string[], clientIp: string | null | undefined): boolean {
  if (allowedIps.length === 0) return true;
  if (clientIp == null) return false;
  const address = withoutZone(clientIp);
  const list = listsOf.get(allowedIps) ?? listOf(allowedIps);
  listsOf.set(allowedIps, list);
  return isIP(address) > 0 && list.check(address, familyOf(address));
}

/** Is it an IPv4 or IPv6 address? A zone is let pass: it means something on its own machine only. */
export function isAddress(text: string): boolean {
  return isIP(text) > 0;
}

function withoutZone(address: string): string {
  return address.replace(/%.*$/s, "");
}

/** `10.0.0.0/` is no block: nothing is not the number that allows everybody. */
const ENTRY = /^([^/]+)(?:\/(\d{1,3}))?$/;

/** What is no address or block of them allows nobody. */
function listOf(entries: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of entries) {
    const [, address = "", bits] = ENTRY.exec(entry) ?? [];
    const most = isIP(address) === 4 ? 32 : 128;
    const prefix = bits === undefined ? most : Number(bits);
    if (isIP(address) > 0 && prefix <= most) list.addSubnet(address, prefix, familyOf(address));
  }
  return list;
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIP(address) === 4 ? "ipv4" : "ipv6";
}
