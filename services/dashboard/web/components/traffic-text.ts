/** Traffic in words. Pure. */
import type { GroupTraffic, TrafficRate } from '../../../../schemas/views.ts';

/** `12.4 requests/s, 1.5 % failing, 8 ms`. */
export function rateText({ requestsPerSecond, errorsPerSecond, latencyMs }: TrafficRate): string {
  const parts = [`${figure(requestsPerSecond)} requests/s`];
  if (requestsPerSecond > 0) parts.push(failingText(errorsPerSecond / requestsPerSecond));
  if (latencyMs !== null) parts.push(`${figure(latencyMs)} ms`);
  return parts.join(', ');
}

/** Of a group: with how many of its servers it is known of, where not of all; empty: nothing is known. */
export function groupTrafficText({ servers, rate, rateKnown, inFlight, inFlightKnown }: GroupTraffic): string {
  const parts: string[] = [];
  if (rate !== null) parts.push(`${rateText(rate)}${knownOf(rateKnown, servers)}`);
  if (inFlight !== null) parts.push(`${inFlight} in flight${knownOf(inFlightKnown, servers)}`);
  return parts.join('; ');
}

function failingText(share: number): string {
  if (share === 0) return 'none failing';
  return share < 0.001 ? 'below 0.1 % failing' : `${figure(share * 100)} % failing`;
}

function knownOf(known: number, servers: number): string {
  return known === servers ? '' : ` (known of ${known} of ${servers})`;
}

function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : String(Math.round(value * 10) / 10);
}
