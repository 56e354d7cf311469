/**
 * Turns what the library throws and what JetStream answers into our `Failure`, once, where it is caught.
 * By code, never by text: JetStream's `err_code` is its contract, the description is not.
 */
import { ErrorCode, NatsError } from 'nats';
import { Failure, type FailureCode } from '../std/failure.ts';

/** The error body of a JetStream answer. `err_code` is from nats-server's `server/errors.json`. */
export interface ApiError {
  readonly code: number;
  readonly err_code?: number;
  readonly description?: string;
}

export const streamNotFound = 10_059;
export const noMessageFound = 10_037;
/** "wrong last sequence": the fence on a publish did not hold. The second is its form without the number, 2.12 on. */
export const wrongLastSequence: readonly number[] = [10_071, 10_164];
/** The name is taken by a stream with other settings; its subjects are taken by another stream. */
export const streamDiffers: readonly number[] = [10_058, 10_065];
/** The cluster has not found its feet yet: no suitable peers, not available, cannot handle, no leader for now. */
const passing: readonly number[] = [10_005, 10_008, 10_009, 10_074];
/**
 * The stream, the account or the disk has no room: resources exceeded, insufficient resources, storage exceeded,
 * insufficient storage, maximum messages or bytes of a stream. Somebody has to make room; then it goes on.
 */
const noRoom: readonly number[] = [10_002, 10_023, 10_028, 10_047, 10_077];

/** `doing` says what was asked, for the message: "creating stream X". */
export function apiFailure(error: ApiError, doing: string): Failure {
  const code = codeOf(error.err_code ?? 0);
  const text = error.description ?? 'no description';
  const next = code === 'no-room' ? `; ${wayOut}` : '';
  const message = `${doing}: ${text} (code ${error.code}, err_code ${error.err_code ?? 'none'})${next}`;
  return new Failure({ code, message, retryable: isPassing(error), cause: error });
}

/** Of these the ones that no waiting heals: nobody can make room by consuming. */
const hopeless: readonly number[] = [10_002, 10_028, 10_047];

/** What makes room: a stream's own limit first, since a disk's shows in the server's log as well. */
const wayOut =
  'no room: raise the limit of the stream (muster coordinator resize), or free the disk and start the NATS server again';

function codeOf(errCode: number): FailureCode {
  if (errCode === streamNotFound || streamDiffers.includes(errCode)) return 'stream-mismatch';
  return noRoom.includes(errCode) ? 'no-room' : 'unavailable';
}

/** Whether the same request may succeed later without anybody's help. */
export function isPassing(error: ApiError): boolean {
  if (hopeless.includes(error.err_code ?? 0)) return false;
  return error.code >= 500 || passing.includes(error.err_code ?? 0);
}

const failureByLibraryCode: Readonly<Record<string, { code: FailureCode; retryable: boolean }>> = {
  [ErrorCode.Timeout]: { code: 'timeout', retryable: true },
  [ErrorCode.NoResponders]: { code: 'no-responders', retryable: true },
  [ErrorCode.Disconnect]: { code: 'disconnected', retryable: true },
  [ErrorCode.ConnectionRefused]: { code: 'disconnected', retryable: true },
  [ErrorCode.ConnectionTimeout]: { code: 'disconnected', retryable: true },
  [ErrorCode.ConnectionClosed]: { code: 'closed', retryable: false },
  [ErrorCode.ConnectionDraining]: { code: 'closed', retryable: false },
  [ErrorCode.AuthorizationViolation]: { code: 'config-invalid', retryable: false },
  [ErrorCode.BadAuthentication]: { code: 'config-invalid', retryable: false },
  [ErrorCode.AuthenticationExpired]: { code: 'config-invalid', retryable: false },
  [ErrorCode.AccountExpired]: { code: 'config-invalid', retryable: false },
  [ErrorCode.BadCreds]: { code: 'config-invalid', retryable: false },
  [ErrorCode.InvalidOption]: { code: 'config-invalid', retryable: false },
  [ErrorCode.PermissionsViolation]: { code: 'not-permitted', retryable: false },
  [ErrorCode.MaxPayloadExceeded]: { code: 'unavailable', retryable: false },
};

export function libraryFailure(caught: unknown, doing: string): Failure {
  const known = caught instanceof NatsError ? failureByLibraryCode[caught.code] : undefined;
  return Failure.from(caught, { message: doing, ...(known ?? { code: 'disconnected', retryable: true }) });
}

export function disconnected(doing: string): Failure {
  return new Failure({ code: 'disconnected', retryable: true, message: `${doing}: the connection to NATS is down` });
}

export function timedOut(doing: string, timeoutMs: number): Failure {
  return new Failure({ code: 'timeout', retryable: true, message: `${doing}: no answer in ${timeoutMs} ms` });
}

export function noResponders(doing: string): Failure {
  return new Failure({ code: 'no-responders', retryable: true, message: `${doing}: nobody listens there` });
}

export function aborted(doing: string): Failure {
  return new Failure({ code: 'aborted', retryable: false, message: `${doing}: stopped` });
}
