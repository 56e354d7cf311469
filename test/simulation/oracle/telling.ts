/**
 * What coordinators and agents say, checked as they say it: nothing that was not durable, and known to the speaker to
 * be; nothing that is not so; never two words under one stamp.
 */
import type { Event } from '../../../schemas/events.ts';
import type { PoolEntry, PoolRevision } from '../../../schemas/pool.ts';
import type { Receipt } from '../../../schemas/receipt.ts';
import { streamNames } from '../../../src/nats/stream-definitions.ts';
import { decodeBody } from '../../../src/wire/body.ts';
import { encode } from '../../../src/wire/codec.ts';
import { fleet } from '../world/stage.ts';
import type { SimProcess } from '../world/process.ts';
import { entryText, type Truth } from './truth.ts';

export interface TellingOptions {
  readonly truth: Truth;
  readonly fail: (why: string) => void;
}

type Body = Record<string, unknown>;

/** What carries a stamp, or two as the answer to a heartbeat does. */
interface Told {
  readonly log?: string;
  readonly term?: number;
  readonly position?: number;
  readonly assignment?: { readonly position: number };
  readonly directive?: { readonly position: number };
}

const base = `muster.${fleet}.`;
const snapshots = `$O.${streamNames(fleet).snapshots}.`;

export class Telling {
  readonly #options: TellingOptions;
  /** What was said under a stamp, by subject, position and log. */
  readonly #saidByStamp = new Map<string, string>();
  /** Positions of receipts that told of no failure, by server. */
  readonly provenByServer = new Map<string, Set<number>>();
  /** The newest stamp each life of an agent proved. */
  readonly #provedByInstance = new Map<string, Receipt>();

  constructor(options: TellingOptions) {
    this.#options = options;
  }

  said(process: SimProcess, subject: string, data: Uint8Array): void {
    if (data.length === 0) return;
    if (process.name.startsWith('coordinator')) this.#coordinatorSaid(process, subject, data);
    else if (subject.startsWith(`${base}receipt.`)) this.#receiptSaid(process, bodyOf(data) as unknown as Receipt);
  }

  #coordinatorSaid(process: SimProcess, subject: string, data: Uint8Array): void {
    // Records themselves, and commands passed on, are no telling.
    if (subject === `${base}log` || subject.startsWith(`${base}cmd.`)) return;
    if (subject.startsWith('$O.')) return this.#snapshotKept(process, subject);
    if (subject.startsWith(`${base}event.`)) {
      const { concerns: _, ...event } = JSON.parse(Buffer.from(data).toString());
      this.#checkEvent(process, event as Event, 'the feed');
      return;
    }
    const body = bodyOf(data);
    if (typeof body['log'] !== 'string') return;
    this.#checkDurable(process, subject, body);
    if (body['event'] !== undefined) {
      const event = body['event'] as Event;
      this.#checkEvent(process, event, subject);
      if (event.command?.id !== body['id']) {
        this.#options.fail(
          `${process.name} answers ${body['id']} with event ${event.position}, of ${event.command?.id}`,
        );
      }
    }
    if (subject.startsWith(`${base}pool.`)) this.#checkPool(process, subject, body);
    const isLevel = subject.startsWith(`${base}server.`) || subject.startsWith(`${base}group.`);
    if (isLevel && !subject.endsWith('.status')) this.#checkSame(process, subject, body);
  }

  #checkDurable(process: SimProcess, subject: string, body: Body): void {
    const { truth, fail } = this.#options;
    const { log, term, position, assignment, directive } = body as Told;
    const stamps = [position, assignment?.position, directive?.position];
    const known = knownPosition(process, truth);
    for (const told of stamps) {
      if (typeof told === 'number' && told > known) {
        fail(`${process.name} tells of position ${told} on ${subject}, and knows of ${known} only to be durable`);
      }
    }
    if (log !== truth.state.log) fail(`${process.name} names log ${log} on ${subject}, which is not the log's name`);
    if (term !== undefined && term > truth.cursor.term)
      fail(`${process.name} tells term ${term} on ${subject}, which never began`);
  }

  #checkEvent(process: SimProcess, told: Event, where: string): void {
    const { truth, fail } = this.#options;
    const known = knownPosition(process, truth);
    if (told.position > known) {
      fail(`${process.name} tells event ${told.position} on ${where}, and knows of ${known} only to be durable`);
      return;
    }
    const event = truth.events[told.position - 1];
    if (event === undefined || !same(event, told)) {
      fail(`${process.name} tells another event ${told.position} on ${where} than the log holds`);
    }
  }

  #checkPool(process: SimProcess, subject: string, body: Body): void {
    const { truth, fail } = this.#options;
    if (subject.endsWith('.revision')) {
      const { group, position, size } = body as unknown as PoolRevision;
      const pool = truth.poolByStamp.get(`${group}@${position}`);
      // The pool of a group that was never in one's is empty from the beginning.
      if (size !== (pool?.size ?? 0)) {
        fail(
          `${process.name} closes a pool of ${size} of ${group} at ${position}, where there were ${pool?.size ?? 0}`,
        );
      }
      return;
    }
    const entry = body as unknown as PoolEntry;
    const pool = truth.poolByStamp.get(`${entry.group}@${entry.position}`);
    const there = pool?.get(entry.server);
    const isSo = entry.admin === 'gone' ? there === undefined : there === entryText(entry);
    if (!isSo)
      fail(`${process.name} says ${entry.server} is ${entryText(entry)} at ${entry.position}: it was ${there}`);
  }

  #checkSame(process: SimProcess, subject: string, { term: _, ...body }: Body): void {
    const stamp = `${subject}@${body['position']}@${body['log']}`;
    const text = Buffer.from(encode(body, { sortKeys: true })).toString('latin1');
    const before = this.#saidByStamp.get(stamp);
    if (before === undefined) this.#saidByStamp.set(stamp, text);
    else if (before !== text) {
      this.#options.fail(
        `${process.name} says something else than was said before on ${subject} at ${body['position']}`,
      );
    }
  }

  #receiptSaid(process: SimProcess, receipt: Receipt): void {
    const { server, instance, failures, position, term, log } = receipt;
    if (failures.length === 0) {
      const proven = this.provenByServer.get(server) ?? new Set();
      this.provenByServer.set(server, proven.add(position));
    }
    const before = this.#provedByInstance.get(instance);
    this.#provedByInstance.set(instance, receipt);
    if (before === undefined || before.log !== log) return;
    if (before.term > term || (before.term === term && before.position > position)) {
      this.#options.fail(`${process.name} went back from ${before.term}/${before.position} to ${term}/${position}`);
    }
  }

  #snapshotKept(process: SimProcess, subject: string): void {
    if (!subject.startsWith(snapshots)) return;
    const position = Number(/\d+/.exec(subject.slice(snapshots.length))?.[0]);
    const known = knownPosition(process, this.#options.truth);
    if (position > known) this.#options.fail(`${process.name} keeps a snapshot of ${position}, and knows of ${known}`);
  }
}

function knownPosition({ knownLogSequence }: SimProcess, { positionBySequence }: Truth): number {
  return knownLogSequence === 0 ? 0 : (positionBySequence[knownLogSequence - 1] ?? 0);
}

function bodyOf(data: Uint8Array): Body {
  const body = decodeBody(data);
  return body.status === 'ok' ? body.value : {};
}

function same(a: unknown, b: unknown): boolean {
  return Buffer.compare(encode(a, { sortKeys: true }), encode(b, { sortKeys: true })) === 0;
}
