/**
 * The fleet by its log, folded from what the stream took, the moment it took it: nobody in the story sees it so early.
 * Checks as it goes: the chain is whole and of one writer at a time; one event per command, in the order of COMMANDS;
 * whatever must hold of a fleet's state holds after each record.
 */
import type { Event } from '../../../schemas/events.ts';
import type { GroupId, Position, ServerId } from '../../../schemas/ids.ts';
import { parseCommandSubject } from '../../../schemas/subjects.ts';
import { cloneState, emptyState } from '../../../src/domain/fleet-state.ts';
import { evolve } from '../../../src/domain/evolve.ts';
import type { FleetState } from '../../../src/domain/state.ts';
import { type ChainCursor, emptyCursor, follow } from '../../../src/eventlog/chain.ts';
import { poolOf } from '../../../src/projections/pool.ts';
import { decodeBody } from '../../../src/wire/body.ts';
import { brokenBy, brokenIn } from '../../support/fleet-invariants.ts';
import type { Kept, SimStream } from '../nats/stream.ts';

export interface TruthOptions {
  readonly fail: (why: string) => void;
  /** COMMANDS, once there is one. */
  readonly commands: () => SimStream | undefined;
  /** Told of each event, after it was folded. */
  readonly onEvent: (event: Event, state: FleetState) => void;
}

export class Truth {
  readonly state: FleetState = emptyState();
  cursor: ChainCursor = emptyCursor;
  /** By position - 1. */
  readonly events: Event[] = [];
  /** The last position in each record, by sequence - 1. */
  readonly positionBySequence: Position[] = [];
  /** Each group's pool as it was from a position on, as a text; by `group@position`. */
  readonly poolByStamp = new Map<string, ReadonlyMap<ServerId, string>>();
  /** What each group was ever to carry, as `project@version`. */
  readonly carriedByGroup = new Map<GroupId, Set<string>>();
  /** Where each group was last deleted. */
  readonly deletedAtByGroup = new Map<GroupId, Position>();
  readonly #options: TruthOptions;
  /** Of `principal/id`, the position of its event. */
  readonly #positionByCommand = new Map<string, Position>();

  constructor(options: TruthOptions) {
    this.#options = options;
  }

  /** Of the event that answered it; undefined: none did. */
  positionOf(principal: string, id: string): Position | undefined {
    return this.#positionByCommand.get(`${principal}/${id}`);
  }

  take({ sequence, data }: Kept): void {
    const { fail, onEvent } = this.#options;
    const followed = follow(this.cursor, { sequence, data, pending: 0 });
    if (followed.status === 'broken') return fail(`the log is broken at record ${sequence}: ${followed.reason}`);
    if (followed.status === 'void') {
      return fail(`record ${sequence} is of term ${followed.record.term}, closed by ${this.cursor.term}: two wrote`);
    }
    const { record } = followed;
    this.#checkCommands(record.events, followed.cursor.watermark.sequence);
    this.cursor = followed.cursor;
    for (const event of record.events) {
      const before = cloneState(this.state);
      evolve(this.state, event);
      this.events.push(event);
      for (const broken of brokenBy(event, before, this.state)) fail(`event ${event.position} broke: ${broken}`);
      this.#note(event);
      onEvent(event, this.state);
    }
    this.positionBySequence[sequence - 1] = this.state.position;
    if (record.events.length > 0) for (const broken of brokenIn(this.state)) fail(`record ${sequence}: ${broken}`);
  }

  /** Between the watermarks lie exactly the commands whose events the record holds, but for those seen before. */
  #checkCommands(events: readonly Event[], upTo: number): void {
    const { fail, commands } = this.#options;
    // What was asked as a request stands in no stream, and has no stamp of one: its id alone makes it happen once.
    const asked = events.filter(({ command }) => command !== undefined);
    for (const { principal, command, position, askedAt } of asked) {
      if (askedAt !== undefined) continue;
      const key = `${principal}/${command?.id}`;
      if (this.#positionByCommand.has(key)) return fail(`event ${position} answers ${key}, which was answered before`);
      this.#positionByCommand.set(key, position);
    }
    const answered = asked.filter(({ askedAt }) => askedAt !== undefined);
    let next = 0;
    for (let sequence = this.cursor.watermark.sequence + 1; sequence <= upTo; sequence += 1) {
      const kept = commands()?.history[sequence - 1];
      if (kept === undefined) return fail(`the watermark names command ${sequence}, which COMMANDS does not hold`);
      const key = commandKey(kept);
      if (key === undefined || this.#positionByCommand.has(key)) continue;
      const event = answered[next];
      if (event === undefined || `${event.principal}/${event.command?.id}` !== key) {
        return fail(`command ${key}, ${sequence} in COMMANDS, has not its event where it should be`);
      }
      this.#positionByCommand.set(key, event.position);
      next += 1;
    }
    const extra = answered[next];
    if (extra !== undefined)
      fail(`event ${extra.position} answers ${extra.command?.id}, which is not next in COMMANDS`);
  }

  #note(event: Event): void {
    const { state } = this;
    if (event.type === 'deployment.requested') {
      const { group, project, version } = event.data;
      const carried = this.carriedByGroup.get(group) ?? new Set();
      this.carriedByGroup.set(group, carried.add(`${project}@${version}`));
    }
    if (event.type === 'group.deleted') this.deletedAtByGroup.set(event.data.group, event.position);
    for (const { id, poolChangedAt } of state.groupById.values()) {
      if (poolChangedAt !== event.position) continue;
      const entries = poolOf(state, id)?.entries ?? [];
      this.poolByStamp.set(`${id}@${event.position}`, new Map(entries.map((one) => [one.server, entryText(one)])));
    }
  }
}

/** One server's place in a pool, for comparison. */
export function entryText(entry: {
  readonly address: { readonly host: string; readonly port: number };
  readonly weight: number;
  readonly admin: string;
}): string {
  return `${entry.address.host}:${entry.address.port} ${entry.weight} ${entry.admin}`;
}

function commandKey({ subject, data, contentType }: Kept): string | undefined {
  const principal = parseCommandSubject(subject)?.principal;
  const body = decodeBody(data, contentType);
  if (principal === undefined || body.status !== 'ok' || typeof body.value['id'] !== 'string') return undefined;
  return `${principal}/${body.value['id']}`;
}
