/** A service's own schema over what the command line gave; a wrong option is the user's to change, not a bug. */
import type { z } from 'zod';
import { Failure } from '../../src/std/failure.ts';

export function parseOptions<T>(schema: z.ZodType<T>, given: unknown): T {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const message = `${issue?.path.join('.') || 'the options'}: ${issue?.message ?? 'not of the right form'}`;
  throw new Failure({ code: 'config-invalid', retryable: false, message });
}
