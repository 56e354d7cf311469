/**
 * What a command's subject says: who asks, and for what. Subjects are few and commands many, so what one says is
 * remembered; bounded, since strangers choose what they write to.
 */
import { hash } from 'node:crypto';
import { Principal } from '../../schemas/ids.ts';
import { parseCommandSubject } from '../../schemas/subjects.ts';

export type CommandAddress =
  | { readonly status: 'addressed'; readonly principal: Principal; readonly type: string }
  /** `principal`: what stands in its place, if anything does. */
  | { readonly status: 'unaddressed'; readonly principal: string | undefined };

/** Every principal of a large cell in its few verbs; some megabytes. */
const addressesKept = 65_536;
let addressBySubject = new Map<string, CommandAddress>();

export function commandAddress(subject: string): CommandAddress {
  const known = addressBySubject.get(subject);
  if (known !== undefined) return known;
  const address = readAddress(subject);
  // All at once, since deleting the oldest one by one costs more than reading some again.
  if (addressBySubject.size >= addressesKept) addressBySubject = new Map();
  addressBySubject.set(subject, address);
  return address;
}

function readAddress(subject: string): CommandAddress {
  const parsed = parseCommandSubject(subject);
  const principal = Principal.safeParse(parsed?.principal);
  if (parsed === undefined || !principal.success) return { status: 'unaddressed', principal: parsed?.principal };
  return { status: 'addressed', principal: principal.data, type: parsed.type };
}

/** SHA-256 of a command's subject and bytes, hex: what the watermark and the repeat window know it by. */
export function commandHash(subject: string, data: Uint8Array): string {
  const subjectBytes = Buffer.byteLength(subject);
  const bytes = Buffer.allocUnsafe(subjectBytes + 1 + data.length);
  bytes.write(subject);
  bytes[subjectBytes] = 0;
  bytes.set(data, subjectBytes + 1);
  return hash('sha256', bytes, 'hex');
}
