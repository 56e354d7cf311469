/** Where a server takes requests: when two are the same place. */
import type { Address } from '../../schemas/ids.ts';

export function sameAddress(a: Address, b: Address): boolean {
  return a.port === b.port && a.host === b.host;
}

/** Equal exactly when the addresses are: the port follows the last colon. */
export function addressKey({ host, port }: Address): string {
  return `${host}:${port}`;
}
