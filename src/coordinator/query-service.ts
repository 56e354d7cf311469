/** Answers `muster.<fleet>.query.<name>` from the acknowledged fold, with the position the answer is true for. */
import { answerQuery } from '../projections/views.ts';
import type { Observed } from '../projections/observed.ts';
import type { Bus, BusMessage } from '../nats/bus.ts';
import type { Clock } from '../std/clock.ts';
import { Failure, textOf } from '../std/failure.ts';
import { decodeBody, encodeAs } from '../wire/body.ts';
import type { BodyFormat } from '../wire/body.ts';
import { z } from 'zod';
import { Position } from '../../schemas/ids.ts';
import type { FleetId } from '../../schemas/ids.ts';
import { lastToken, subjects } from '../../schemas/subjects.ts';
import { querySchemas } from '../../schemas/views.ts';
import type { CoordinatorView } from '../../schemas/coordinators.ts';
import type { QueryAnswer, QueryName } from '../../schemas/views.ts';
import type { FleetFold } from './fleet-fold.ts';

export interface QueryServiceOptions {
  readonly bus: Bus;
  readonly fleet: FleetId;
  readonly fold: FleetFold;
  readonly observed: Observed;
  readonly waitMs: number;
  readonly clock: Clock;
  readonly coordinator: () => CoordinatorView;
  readonly track: (what: string, work: Promise<void>) => void;
}

export function serveQueries(options: QueryServiceOptions): { unsubscribe(): void } {
  const onMessage = (message: BusMessage) => {
    options.track('answering a query', answer(options, message));
  };
  const subject = subjects.allQueries(options.fleet);
  return options.bus.subscribe({ subject, queue: 'coordinators', onMessage });
}

async function answer(options: QueryServiceOptions, message: BusMessage): Promise<void> {
  const body = decodeBody(message.data, message.contentType);
  const format: BodyFormat = body.status === 'ok' ? body.format : 'json';
  let reply: QueryAnswer;
  try {
    reply =
      body.status === 'ok'
        ? await read(options, lastToken(message.subject), body.value)
        : refuse('malformed', body.message);
  } catch (error) {
    reply = refuse('unavailable', textOf(error));
  }
  message.respond(encodeAs(format, reply));
}

async function read(options: QueryServiceOptions, name: string, body: Record<string, unknown>): Promise<QueryAnswer> {
  if (!isQuery(name))
    return refuse('unknown-query', `there is no query "${name}"; there are: ${Object.keys(querySchemas).join(', ')}`);
  const { atLeast: asked, withinMs: patience, ...rest } = body;
  const atLeast = Position.optional().safeParse(asked);
  const within = z.int().min(0).optional().safeParse(patience);
  const ask = querySchemas[name].ask.safeParse(rest);
  if (!atLeast.success) return refuse('invalid', 'atLeast must be a position');
  if (!within.success) return refuse('invalid', 'withinMs must be a whole number of milliseconds');
  if (!ask.success) return refuse('invalid', z.prettifyError(ask.error));
  const { fold, observed, waitMs } = options;
  if (
    atLeast.data !== undefined &&
    !(await hasPassed(options, atLeast.data, Math.min(waitMs, within.data ?? waitMs)))
  ) {
    const message = `this coordinator has read the log up to position ${fold.state.position}, not ${atLeast.data}; ask again`;
    return refuse('behind', message);
  }
  const { log, term, position } = fold.state;
  if (log === null) return refuse('unavailable', 'this coordinator has not read the log yet; ask again in a moment');
  if (name === 'coordinator') return { status: 'ok', log, term, position, data: options.coordinator() };
  const answered = answerQuery(name, ask.data as never, fold.state, observed);
  return answered.status === 'ok' ? { status: 'ok', log, term, position, data: answered.data } : answered;
}

/** Whether the fold comes to this position in time. */
async function hasPassed({ fold, clock }: QueryServiceOptions, position: Position, waitMs: number): Promise<boolean> {
  const late = new AbortController();
  const timer = clock.after(waitMs, () => late.abort());
  try {
    await fold.passed(position, late.signal);
    return true;
  } catch (error) {
    if (error instanceof Failure && error.code === 'timeout') return false;
    throw error;
  } finally {
    timer.cancel();
  }
}

function isQuery(name: string): name is QueryName {
  return Object.hasOwn(querySchemas, name);
}

function refuse(code: string, message: string): QueryAnswer {
  return { status: 'error', code, message };
}
