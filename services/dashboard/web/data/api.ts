/** HTTP to the dashboard's own server: reads, commands and what-ifs. Everything that fails becomes a `Problem`. */
import type { CommandPayload, CommandType } from '../../../../schemas/commands.ts';
import { problemIn, problemOf } from './problem.ts';
import { authorization } from './session.ts';

/** A server that has not answered by then is as good as gone: whoever reads is told, and asks again. */
const readTimeoutMs = 15_000;
/** A decision waits for the log's acknowledgement; the API answers "unknown" before this. */
const commandTimeoutMs = 30_000;

export interface ReadOptions {
  readonly query?: Readonly<Record<string, string | number | boolean | null | undefined>>;
  readonly signal?: AbortSignal | undefined;
}

export async function read<T>(path: string, { query = {}, signal }: ReadOptions = {}): Promise<T> {
  const response = await send(withQuery(path, query), { method: 'GET' }, withDeadline(readTimeoutMs, signal));
  return (await response.json()) as T;
}

export interface CommandOptions {
  /** The same for a repeat: it then has one effect. */
  readonly id: string;
  /** `changedAt` of what was seen: refused when it has changed since. */
  readonly ifPosition?: number | undefined;
  readonly reason?: string | undefined;
}

/** An accepted command, and what the log says of it. A rejection is thrown as a `Problem`. */
export interface Accepted {
  readonly status: 'accepted';
  readonly position: number;
  readonly repeated: boolean;
  readonly warnings: readonly string[];
  readonly text: string;
}

export async function command<T extends CommandType>(
  type: T,
  payload: CommandPayload<T>,
  { id, ifPosition, reason }: CommandOptions,
): Promise<Accepted> {
  const response = await send(
    `/v1/commands/${type.replace('.', '/')}`,
    {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': id, ...ifMatch(ifPosition) },
      body: JSON.stringify({ ...payload, ...(reason ? { reason } : {}) }),
    },
    withDeadline(commandTimeoutMs),
  );
  return (await response.json()) as Accepted;
}

export async function whatIf<T extends CommandType, Answer>(
  type: T,
  payload: CommandPayload<T>,
  signal: AbortSignal,
): Promise<Answer> {
  const response = await send(
    `/v1/what-if/${type.replace('.', '/')}`,
    { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(payload) },
    withDeadline(readTimeoutMs, signal),
  );
  return (await response.json()) as Answer;
}

/** A file the browser saves. */
export async function download(path: string, name: string): Promise<void> {
  const response = await send(path, { method: 'GET' });
  const link = document.createElement('a');
  link.href = URL.createObjectURL(await response.blob());
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

export async function send(url: string, init: RequestInit, signal?: AbortSignal): Promise<Response> {
  const headers = { ...authorization(), ...(init.headers as Record<string, string> | undefined) };
  let response: Response;
  try {
    response = await fetch(url, { ...init, headers, credentials: 'omit', ...(signal === undefined ? {} : { signal }) });
  } catch (caught) {
    if (signal?.aborted === true && (signal.reason as Error | undefined)?.name === 'AbortError') throw caught;
    throw problemOf(caught);
  }
  if (!response.ok) throw await problemIn(response);
  return response;
}

/** Names of groups, servers and projects are safe in a path as they are; a cursor or a search text is not. */
export function withQuery(path: string, query: NonNullable<ReadOptions['query']>): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== '') parameters.set(name, String(value));
  }
  return parameters.size === 0 ? path : `${path}${path.includes('?') ? '&' : '?'}${parameters}`;
}

function withDeadline(timeoutMs: number, signal?: AbortSignal): AbortSignal {
  const deadline = AbortSignal.timeout(timeoutMs);
  return signal === undefined ? deadline : AbortSignal.any([signal, deadline]);
}

function ifMatch(position: number | undefined): Record<string, string> {
  return position === undefined ? {} : { 'if-match': `"${position}"` };
}
