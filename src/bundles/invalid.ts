/** The one failure of this room: these bytes or this folder are no bundle, and the same again will not be one. */
import { Failure } from '../std/failure.ts';

export function invalid(message: string, cause?: unknown): Failure {
  return new Failure({ code: 'bundle-invalid', retryable: false, message, ...(cause === undefined ? {} : { cause }) });
}

/** A path as people may read it: quoted, cut, with nothing a terminal would obey. */
export function quoted(path: string): string {
  return JSON.stringify(path.length > 120 ? `${path.slice(0, 120)}…` : path);
}
