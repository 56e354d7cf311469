/**
 * Commands without pause while everything goes wrong: servers are moved, drained and put back, versions published and
 * deployed, labels written. Each has an id and is sent until it is answered. What is chosen comes from the seed; what
 * can be chosen from what the balancer sends to, so that no group is ever left without a server by command.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { CommandPayload, CommandType } from '../../schemas/commands.ts';
import type { GroupName, ServerId } from '../../schemas/ids.ts';
import { Failure } from '../../src/std/failure.ts';
import type { Chance } from '../simulation/world/chance.ts';
import type { Order } from './books.ts';
import { gatewayNames, type Group, groups, membersAtFirst, projects, type Stage } from './stage.ts';

/** How long one sending waits before the same is sent once more. */
const sendTimeoutMs = 8_000;
const afterFailureMs = 200;
/** Others that take requests in a group before one more is taken out of it: one may fall while it happens. */
const othersMin = 2;

type ServingIn = (group: string) => readonly string[];

export class Player {
  readonly orders: Order[] = [];
  /** The last label each server was given by an accepted command. */
  readonly labelByServer = new Map<string, string>();
  readonly #stage: Stage;
  readonly #chance: Chance;
  readonly #servingIn: ServingIn;
  /** What was commanded, and accepted: where each server is, or goes. */
  readonly #groupByServer = new Map<string, Group | undefined>(membersAtFirst());
  readonly #drained = new Set<string>();
  readonly #versions: string[] = ['1.0.0'];
  readonly #giveUp = new AbortController();
  #isOver = false;
  #playing: Promise<void> = Promise.resolve();

  constructor(stage: Stage, chance: Chance) {
    this.#stage = stage;
    this.#chance = chance;
    this.#servingIn = (group) => stage.balancerWatch.servingIn(group);
  }

  start(): void {
    const writers = gatewayNames.map((name) => this.#writeLabels(name));
    this.#playing = Promise.all([this.#moveServers(), this.#deploy(), ...writers]).then(() => undefined);
  }

  /** Waits for what is under way, then puts every server back into a group. Whatever has no answer by then stays so. */
  async finish(withinMs: number): Promise<void> {
    this.#isOver = true;
    const timer = setTimeout(() => this.#giveUp.abort(), withinMs);
    await this.#playing;
    for (const server of this.#drained) await this.#order('server.uncordon', { server: server as ServerId });
    for (const server of gatewayNames) {
      const group = this.#chance.pick(groups);
      // Refused as long as it is on its way out.
      while (this.#groupByServer.get(server) === undefined && !this.#giveUp.signal.aborted) {
        await this.#join(server, group);
        await pause(afterFailureMs);
      }
    }
    clearTimeout(timer);
  }

  async #writeLabels(server: string): Promise<void> {
    const chance = this.#chance.fork(`labels of ${server}`);
    for (let turn = 1; !this.#isOver; turn += 1) {
      const label = String(turn);
      const payload = { server: server as ServerId, labels: { turn: label } };
      if (await this.#order('server.configure', payload)) this.labelByServer.set(server, label);
      await pause(chance.between(20, 120));
    }
  }

  async #moveServers(): Promise<void> {
    const chance = this.#chance.fork('moves');
    while (!this.#isOver) {
      await pause(chance.between(200, 2_500));
      const server = chance.pick(gatewayNames);
      const group = this.#groupByServer.get(server);
      if (group === undefined) await this.#join(server, chance.pick(groups));
      else if (this.#drained.has(server)) await this.#putBack(server);
      else if (this.#maySpare(server, group)) await this.#takeOut(server, group, chance);
    }
  }

  #maySpare(server: string, group: Group): boolean {
    const others = this.#servingIn(group).filter(
      (name) => name !== server && this.#groupByServer.get(name) === group && !this.#drained.has(name),
    );
    return others.length >= othersMin;
  }

  async #takeOut(server: string, group: Group, chance: Chance): Promise<void> {
    const other = group === 'edge' ? 'inner' : 'edge';
    const id = server as ServerId;
    const way = chance.pick(['move', 'move', 'drain', 'leave', 'remove'] as const);
    // Before it is asked: whatever is thought of meanwhile must not count on it.
    if (way === 'drain') this.#drained.add(server);
    else this.#groupByServer.set(server, way === 'move' ? other : undefined);
    const isDone =
      way === 'move'
        ? await this.#order('server.move', { server: id, group: other as GroupName })
        : way === 'drain'
          ? await this.#order('server.drain', { server: id })
          : way === 'leave'
            ? await this.#order('server.leave', { server: id })
            : await this.#order('group.set-servers', { group: group as GroupName, remove: [id] });
    if (isDone) return;
    this.#groupByServer.set(server, group);
    if (way === 'drain') this.#drained.delete(server);
  }

  async #putBack(server: string): Promise<void> {
    if (await this.#order('server.uncordon', { server: server as ServerId })) this.#drained.delete(server);
  }

  /** Refused as long as it is still on its way out: then a later turn tries again. */
  async #join(server: string, group: Group): Promise<void> {
    const isIn = await this.#order('server.join', { server: server as ServerId, group: group as GroupName });
    if (isIn) this.#groupByServer.set(server, group);
  }

  async #deploy(): Promise<void> {
    const chance = this.#chance.fork('deployments');
    while (!this.#isOver) {
      await pause(chance.between(1_000, 5_000));
      const group = chance.pick(groups) as string as GroupName;
      const project = chance.pick(projects);
      const about = { group, project } as { group: GroupName; project: never };
      const what = chance.pick([
        'publish',
        'deploy',
        'deploy',
        'deploy',
        'rollback',
        'abort',
        'create',
        'delete',
      ] as const);
      if (what === 'publish') await this.#publish();
      else if (what === 'deploy') {
        const version = chance.pick(this.#versions) as never;
        await this.#order('deployment.request', { ...about, version });
      } else if (what === 'rollback') await this.#order('deployment.rollback', about);
      else if (what === 'abort') await this.#order('rollout.abort', about);
      else {
        const spare = `spare${chance.whole(1, 4)}` as GroupName;
        await this.#order(what === 'create' ? 'group.create' : 'group.delete', { group: spare });
      }
    }
  }

  /** Of every project. A bundle is stored before its command; whatever hinders that is tried again. */
  async #publish(): Promise<void> {
    const { muster, projectFolder } = this.#stage;
    const version = `1.0.${this.#versions.length}`;
    for (const project of projects) {
      const folder = projectFolder(project, version);
      const id = muster.nextId();
      const order = this.#open({ id, type: 'project.publish', payload: { project, version } as never });
      const send = async (issuedAt: number) =>
        (await muster.publishProject(folder, version, { id, issuedAt, timeoutMs: sendTimeoutMs })).outcome;
      if (!(await this.#settle(order, send))) return;
    }
    this.#versions.push(version);
  }

  /** Whether it is so now: accepted, or so already. */
  async #order<T extends CommandType>(type: T, payload: CommandPayload<T>): Promise<boolean> {
    const { muster } = this.#stage;
    const id = muster.nextId();
    const order = this.#open({ id, type, payload });
    return this.#settle(order, (issuedAt) => muster.send(type, payload, { id, issuedAt, timeoutMs: sendTimeoutMs }));
  }

  #open(what: Pick<Order, 'id' | 'type' | 'payload'>): Order {
    const order: Order = { ...what, askedAt: performance.now() };
    this.orders.push(order);
    return order;
  }

  async #settle(order: Order, send: (issuedAt: number) => Promise<NonNullable<Order['outcome']>>): Promise<boolean> {
    const issuedAt = Date.now();
    while (!this.#giveUp.signal.aborted) {
      try {
        order.outcome = await send(issuedAt);
        order.settledAt = performance.now();
        const { outcome } = order;
        return outcome.status === 'accepted' || outcome.rejection.code === 'unchanged';
      } catch (error) {
        // Unknown: the same id once more. Anything but a failure is a bug of the client.
        if (!(error instanceof Failure)) throw error;
        await pause(afterFailureMs);
      }
    }
    return false;
  }
}
