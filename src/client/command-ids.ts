/** Command ids of one client: a random prefix, so that no two clients share one, and a counter. Pure but for `random`. */
import { CommandId } from '../../schemas/ids.ts';
import { Failure } from '../std/failure.ts';

/** 62^12 prefixes: two clients of one principal meet by chance in 2^35 starts. */
const prefixLength = 12;
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** `random` is uniform in [0, 1). Each call of what is returned gives an id never given before. */
export function createCommandIds(random: () => number): () => CommandId {
  let prefix = '';
  for (let index = 0; index < prefixLength; index += 1) prefix += alphabet[Math.floor(random() * alphabet.length)];
  let count = 0;
  return () => {
    count += 1;
    return `${prefix}-${count.toString(36)}` as CommandId;
  };
}

/** An id somebody else chose: it becomes a subject token, so it is checked before it is used. */
export function parseCommandId(id: string): CommandId {
  const parsed = CommandId.safeParse(id);
  if (parsed.success) return parsed.data;
  const message = `"${id}" is no command id: ${parsed.error.issues[0]?.message ?? 'not of the right form'}`;
  throw new Failure({ code: 'config-invalid', retryable: false, message });
}
