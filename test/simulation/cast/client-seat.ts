/** Somebody who asks for things, by the production client, and writes down what came of it. */
import type { CommandPayload, CommandType } from '../../../schemas/commands.ts';
import type { Event } from '../../../schemas/events.ts';
import type { Principal } from '../../../schemas/ids.ts';
import { CommandSender, type SendOutcome } from '../../../src/client/command-sender.ts';
import { streamNames } from '../../../src/nats/stream-definitions.ts';
import type { Bus } from '../../../src/nats/bus.ts';
import { Failure } from '../../../src/std/failure.ts';
import type { SimProcess } from '../world/process.ts';
import { fleet, type Stage } from '../world/stage.ts';
import { remember } from '../world/disk.ts';
import { Seat } from './seat.ts';

export type Fate =
  | { readonly status: 'waiting' }
  | { readonly status: 'accepted'; readonly position: number; readonly event: Event }
  | { readonly status: 'rejected'; readonly position: number; readonly code: string }
  /** It may have been done, once, or not. */
  | { readonly status: 'unknown'; readonly code: string };

export interface Asked {
  readonly principal: Principal;
  readonly id: string;
  readonly type: CommandType;
  readonly payload: object;
  readonly issuedAt: number;
  readonly invokedAt: number;
  settledAt: number | undefined;
  fate: Fate;
}

const timeoutMs = 12_000;

export class ClientSeat extends Seat {
  readonly principal: Principal;
  readonly asked: Asked[] = [];
  #bus: Bus | undefined;
  #sender: CommandSender | undefined;
  #ids = 0;

  constructor(principal: string, stage: Stage) {
    super(principal, stage);
    this.principal = principal as Principal;
  }

  ask<T extends CommandType>(type: T, payload: CommandPayload<T>): void {
    this.#ids += 1;
    const { now } = this.stage.scheduler;
    const issuedAt = this.process?.clock.now() ?? 0;
    const base = { principal: this.principal, id: `${this.principal}-${this.#ids}`, type, payload, issuedAt };
    this.#send({ ...base, invokedAt: now, settledAt: undefined, fate: { status: 'waiting' } });
  }

  /** The same again, as from somebody who never heard the outcome. */
  repeat(before: Asked): void {
    const { now } = this.stage.scheduler;
    this.#send({ ...before, invokedAt: now, settledAt: undefined, fate: { status: 'waiting' } });
  }

  /** Uploads a bundle and publishes it. */
  publish(project: string, version: string): void {
    const { digest, bytes } = remember(project, version);
    const bus = this.#bus;
    if (bus === undefined) return;
    this.process?.enter(() => {
      void bus
        .objects(streamNames(fleet).bundles)
        .put(digest, bytes)
        .then(() => {
          this.ask('project.publish', { project, version, digest, bytes: bytes.length } as never);
        })
        .catch((error: unknown) => this.#expectFailure(error));
    });
  }

  stop(): void {
    this.#sender?.close();
  }

  protected live(process: SimProcess): void {
    void this.openBus(process, this.principal).then((bus) => {
      this.#bus = bus;
      const { clock, chance } = process;
      this.#sender = new CommandSender({ bus, fleet, principal: this.principal, clock, random: chance.next });
    });
  }

  #send(asked: Asked): void {
    const { process } = this;
    const sender = this.#sender;
    if (process === undefined || sender === undefined) return;
    const { id, type, payload, issuedAt } = asked;
    this.asked.push(asked);
    this.stage.story.tell(process.name, `asks ${type}`, { id, ...payload });
    process.enter(() => {
      sender.send(type, payload as never, { id, issuedAt, timeoutMs }).then(
        (outcome) => this.#settle(asked, fateOf(outcome)),
        (error: unknown) => {
          this.#expectFailure(error);
          this.#settle(asked, { status: 'unknown', code: error instanceof Failure ? error.code : 'bug' });
        },
      );
    });
  }

  #settle(asked: Asked, fate: Fate): void {
    asked.fate = fate;
    asked.settledAt = this.stage.scheduler.now;
    const { status } = fate;
    this.stage.story.tell(this.process?.name ?? this.name, `hears ${status} of ${asked.id}`, {
      ...('position' in fate ? { position: fate.position } : {}),
      ...('code' in fate ? { code: fate.code } : {}),
    });
  }

  #expectFailure(error: unknown): void {
    if (error instanceof Failure) return;
    this.stage.story.fail(
      `the client of ${this.name} has a bug: ${error instanceof Error ? error.stack : String(error)}`,
    );
  }
}

function fateOf(outcome: SendOutcome): Fate {
  const { position } = outcome;
  if (outcome.status === 'accepted') return { status: 'accepted', position, event: outcome.event };
  return { status: 'rejected', position, code: outcome.rejection.code };
}
