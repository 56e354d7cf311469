/** A dashboard as its clients meet it: over a real socket, in front of a real coordinator and NATS. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FleetId } from '../../schemas/ids.ts';
import { type DashboardOptions, type RunningDashboard, runDashboard } from '../../services/dashboard/run.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { eventually } from './eventually.ts';

// biome-ignore lint/suspicious/noExplicitAny: what a program in another language would read, looked at by a test.
type Body = any;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

export interface DashboardRig {
  readonly url: string;
  readonly running: RunningDashboard;
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  /** `type` is noun and verb, as on the bus; `under`: `/v1/what-if/` only asks what would come of it. */
  command(type: string, body: object, headers?: Record<string, string>, under?: string): Promise<Answer>;
  listen(path?: string, headers?: Record<string, string>): Promise<Listening>;
  stop(): Promise<void>;
}

export interface StartDashboardOptions extends Partial<DashboardOptions> {
  readonly natsUrl: string;
  readonly fleet: FleetId;
}

export async function startDashboard(options: StartDashboardOptions): Promise<DashboardRig> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'muster-dashboard-'));
  const running = await runDashboard({ port: 0, dataDirectory, ...options }, silentLogger);
  const { url } = running;
  const listening: Listening[] = [];
  return {
    url,
    running,
    get: (path, headers = {}) => ask(url + path, { headers }),
    command: (type, body, headers = {}, under = '/v1/commands/') =>
      ask(`${url}${under}${type.replace('.', '/')}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      }),
    async listen(path = '/v1/events', headers = {}) {
      const opened = await Listening.open(url + path, headers);
      listening.push(opened);
      return opened;
    },
    async stop() {
      await Promise.all(listening.map((each) => each.close()));
      await running.stop();
      await rm(dataDirectory, { recursive: true, force: true });
    },
  };
}

/** Once it has read the log to its head. */
export async function startReadyDashboard(options: StartDashboardOptions): Promise<DashboardRig> {
  const rig = await startDashboard(options);
  await eventually(async () => (await rig.get('/readyz')).status === 200, { what: 'the dashboard to be ready' });
  return rig;
}

async function ask(url: string, init: RequestInit): Promise<Answer> {
  const response = await fetch(url, init);
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') === true;
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
}

export interface Told {
  readonly event: string;
  readonly id: string | undefined;
  readonly data: Body;
  /** By the monotonic clock. */
  readonly heardAt: number;
}

/** A stream of server-sent events, read as a browser's program would: by fetch, since that can send a token. */
export class Listening {
  readonly told: Told[] = [];
  readonly #abort: AbortController;
  readonly #reading: Promise<void>;
  /** True once the other side has ended it. */
  ended = false;

  private constructor(response: Response, abort: AbortController) {
    this.#abort = abort;
    this.#reading = this.#read(response);
  }

  static async open(url: string, headers: Record<string, string>): Promise<Listening> {
    const abort = new AbortController();
    const response = await fetch(url, { headers: { accept: 'text/event-stream', ...headers }, signal: abort.signal });
    if (response.status !== 200) throw new Error(`no stream: ${response.status} ${await response.text()}`);
    return new Listening(response, abort);
  }

  /** Waits for the first that fits. */
  until(fits: (told: Told) => boolean, what: string): Promise<Told> {
    return eventually(() => this.told.find(fits), { what });
  }

  /** The positions of the log told so far. */
  positions(): number[] {
    return this.told.filter(({ event }) => event === 'log').map(({ data }) => data.event.position as number);
  }

  async close(): Promise<void> {
    this.#abort.abort();
    await this.#reading;
  }

  async #read(response: Response): Promise<void> {
    let text = '';
    const decoder = new TextDecoder();
    try {
      for await (const chunk of response.body ?? []) {
        text += decoder.decode(chunk, { stream: true });
        const blocks = text.split('\n\n');
        text = blocks.pop() ?? '';
        for (const block of blocks) this.#take(block);
      }
    } catch (error) {
      if (!this.#abort.signal.aborted && !(error instanceof TypeError)) throw error;
    }
    this.ended = true;
  }

  #take(block: string): void {
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
    const event = field('event');
    if (event === undefined) return;
    this.told.push({ event, id: field('id'), data: JSON.parse(field('data') ?? 'null'), heardAt: performance.now() });
  }
}
