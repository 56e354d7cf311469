/** A service's own schema over what the command line gave; a wrong option is the user's to change, not a bug. */
import type { z } from 'zod';
import { Failure } from '../../src/std/failure.ts';

/** What was given, known to be right: the service parses it itself. */
export function checkOptions<S extends z.ZodType>(schema: S, given: unknown): z.input<S> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return given as z.input<S>;
  const [issue] = parsed.error.issues;
  const message = `${issue?.path.join('.') || 'the options'}: ${issue?.message ?? 'not of the right form'}`;
  throw new Failure({ code: 'config-invalid', retryable: false, message });
}
