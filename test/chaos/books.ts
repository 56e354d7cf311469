/**
 * What whoever asked was told, against the log at the end. Pure: the log is handed in as it was read, record by record,
 * so that each way of being wrong can be shown to be found.
 */
import { isDeepStrictEqual } from 'node:util';
import type { CommandPayload, CommandType } from '../../schemas/commands.ts';
import type { Event } from '../../schemas/events.ts';
import type { SendOutcome } from '../../src/client/index.ts';

export interface Order {
  readonly id: string;
  readonly type: CommandType;
  readonly payload: CommandPayload;
  /** By a monotonic clock, milliseconds: before the first sending. */
  readonly askedAt: number;
  /** When the first answer came; undefined: none did. */
  settledAt?: number;
  outcome?: SendOutcome;
}

export interface Books {
  readonly principal: string;
  readonly orders: readonly Order[];
}

export function wrongInBooks({ principal, orders }: Books, events: readonly Event[]): string[] {
  const wrong: string[] = [];
  const byId = new Map<string, Event[]>();
  for (const [index, event] of events.entries()) {
    if (event.position !== index + 1) wrong.push(`position ${index + 1} holds event ${event.position}`);
    if (event.principal !== principal || event.command === undefined) continue;
    const { id } = event.command;
    byId.set(id, [...(byId.get(id) ?? []), event]);
  }
  const asked = new Set(orders.map(({ id }) => id));
  for (const id of byId.keys()) if (!asked.has(id)) wrong.push(`the log has a command ${id} that nobody asked`);
  for (const order of orders) wrong.push(...wrongInOrder(order, { events, own: byId.get(order.id) ?? [] }));
  return [...wrong, ...outOfOrder(orders)];
}

function wrongInOrder(
  { id, type, outcome }: Order,
  { events, own }: { readonly events: readonly Event[]; readonly own: readonly Event[] },
): string[] {
  const what = `${type} ${id}`;
  if (outcome === undefined) return [`${what} was never answered`];
  const wrong: string[] = [];
  if (own.length !== 1) wrong.push(`${what} stands ${own.length} times in the log`);
  const event = events[outcome.position - 1];
  if (event?.command?.id !== id) wrong.push(`${what} was told position ${outcome.position}, which is not its own`);
  else if (outcome.status === 'accepted' && !isDeepStrictEqual(event, outcome.event)) {
    wrong.push(`${what} was told another event than the log holds at ${outcome.position}`);
  } else if (outcome.status === 'rejected' && event.type !== 'command.rejected') {
    wrong.push(`${what} was told that it is refused; the log has ${event.type} at ${outcome.position}`);
  }
  return wrong;
}

/** Asked after an answer was heard, a command stands behind the one answered. */
function outOfOrder(orders: readonly Order[]): string[] {
  const settled = orders.flatMap(({ id, askedAt, settledAt, outcome }) =>
    settledAt === undefined || outcome === undefined ? [] : [{ id, askedAt, settledAt, position: outcome.position }],
  );
  const byAnswer = settled.toSorted((a, b) => a.settledAt - b.settledAt);
  const wrong: string[] = [];
  let highest: (typeof settled)[number] | undefined;
  let next = 0;
  for (const order of settled.toSorted((a, b) => a.askedAt - b.askedAt)) {
    for (; (byAnswer[next]?.settledAt ?? Number.POSITIVE_INFINITY) < order.askedAt; next += 1) {
      const answered = byAnswer[next];
      if (answered !== undefined && answered.position > (highest?.position ?? 0)) highest = answered;
    }
    if (highest !== undefined && highest.position > order.position) {
      wrong.push(`${order.id} was asked after ${highest.id} was answered, and stands before it`);
    }
  }
  return wrong;
}
