/** A steady load of keep-alive clients over HTTP, each failure kept with its reason. One process, bounded, stoppable. */
import { Client, errors } from 'undici';

export interface SteadyLoadOptions {
  /** `http://host:port`. */
  readonly origin: string;
  readonly paths: readonly string[];
  /** Keep-alive connections, each one request at a time. */
  readonly clients: number;
  /** Pause of each client between two requests, in milliseconds: the rate stays the same whatever the latency. */
  readonly pauseMs: number;
  /** Failures kept word for word, of each sort. Default: 50, the first are what tells. */
  readonly failuresKept?: number;
  /** The longest wait for an answer. Default: 15,000 ms. */
  readonly timeoutMs?: number;
}

export interface LoadFailure {
  readonly what: string;
  /** Undefined: there was no answer. */
  readonly status?: number;
  /**
   * A connection that had carried answers was closed before it carried this one: what nginx does to idle ones at its
   * own reload. A browser asks again on another.
   */
  readonly idleReset?: true;
  /** Milliseconds since the epoch. */
  readonly beganAt: number;
  readonly endedAt: number;
}

export interface LoadResult {
  readonly requests: number;
  readonly failures: readonly LoadFailure[];
  /** How many answers each server gave, by its own header. */
  readonly answersByServer: ReadonlyMap<string, number>;
}

export interface SteadyLoad {
  /** What was counted so far. */
  readonly result: LoadResult;
  stop(): Promise<LoadResult>;
}

const failuresKeptDefault = 50;
const timeoutMsDefault = 15_000;

export function startLoad(options: SteadyLoadOptions): SteadyLoad {
  const { origin, paths, clients, pauseMs, failuresKept = failuresKeptDefault, timeoutMs = timeoutMsDefault } = options;
  const answersByServer = new Map<string, number>();
  const failures: LoadFailure[] = [];
  const counted = { requests: 0, failures, answersByServer };
  let stopping = false;
  const run = async (index: number) => {
    const client = new Client(origin, { headersTimeout: timeoutMs, bodyTimeout: timeoutMs });
    /** On the connection there is now. */
    let answered = 0;
    client.on('connect', () => {
      answered = 0;
    });
    for (let turn = index; !stopping; turn += 1) {
      const path = paths[turn % paths.length] as string;
      const method = turn % 2 === 0 ? 'GET' : 'POST';
      const beganAt = Date.now();
      let unanswered = false;
      const fail = (failure: Pick<LoadFailure, 'what' | 'status' | 'idleReset'>) =>
        keep({ ...failure, beganAt, endedAt: Date.now() });
      try {
        const body = method === 'POST' ? { body: 'x' } : {};
        const answer = await client.request({ path, method, ...body }).catch((error: unknown) => {
          unanswered = true;
          throw error;
        });
        await answer.body.dump();
        answered += 1;
        const server = String(answer.headers['x-muster-server'] ?? 'none');
        answersByServer.set(server, (answersByServer.get(server) ?? 0) + 1);
        const { statusCode: status } = answer;
        if (status >= 400) fail({ what: `${method} ${path} answered ${status} by ${server}`, status });
      } catch (error) {
        const what = `${method} ${path}: ${error instanceof Error ? error.message : String(error)}`;
        fail({ what, ...(unanswered && answered > 0 && wasClosed(error) ? { idleReset: true } : {}) });
      }
      counted.requests += 1;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    await client.close();
  };
  const keep = (failure: LoadFailure) => {
    const sort = (one: LoadFailure) => `${one.status === undefined} ${one.idleReset === true}`;
    if (failures.filter((one) => sort(one) === sort(failure)).length < failuresKept) failures.push(failure);
  };
  const running = Promise.all(Array.from({ length: clients }, (_, index) => run(index)));
  return {
    result: counted,
    async stop() {
      stopping = true;
      await running;
      return counted;
    },
  };
}

function wasClosed(error: unknown): boolean {
  if (error instanceof errors.SocketError) return true;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ECONNRESET' || code === 'EPIPE';
}

/** What a person would have seen fail. Idle connections reset by nginx's own reload are counted apart. */
export function lossesOf(kind: string, failures: readonly LoadFailure[]): LoadFailure[] {
  return failures.filter(({ idleReset }) => kind !== 'nginx' || idleReset !== true);
}
