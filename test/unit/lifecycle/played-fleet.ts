/**
 * A whole fleet without I/O: commands through the decider, everything after through the projections, the plan and the
 * machine, and steps carried out on maps with the real stamps. Each part moves only when it is told to, so that a test
 * puts any delay anywhere. What must hold after every step is asserted where it happens.
 */
import { expect } from 'vitest';
import { BalancerWatch } from '../../../src/coordinator/balancer-watch.ts';
import { evolve } from '../../../src/domain/evolve.ts';
import { emptyState } from '../../../src/domain/fleet-state.ts';
import { isServing } from '../../../src/domain/membership.ts';
import { isRejection, propose } from '../../../src/domain/propose.ts';
import type { Proposal } from '../../../src/domain/propose.ts';
import type { FleetState } from '../../../src/domain/state.ts';
import { balancersOf } from '../../../src/projections/balancers.ts';
import { desiredFor } from '../../../src/projections/desired.ts';
import { appliedKey, emptyObserved } from '../../../src/projections/observed.ts';
import type { Observed } from '../../../src/projections/observed.ts';
import { poolOf } from '../../../src/projections/pool.ts';
import type { Pool } from '../../../src/projections/pool.ts';
import { noteTraffic } from '../../../src/rollout/figures.ts';
import { groupProposals } from '../../../src/rollout/group-plan.ts';
import { planRollouts } from '../../../src/rollout/planner.ts';
import type { Clock } from '../../../src/std/clock.ts';
import { advance } from '../../../src/server-machine/advance.ts';
import type { MachineSnapshot } from '../../../src/server-machine/advance.ts';
import type { Step } from '../../../src/server-machine/facts.ts';
import { factsOf } from '../../../src/server-machine/server-facts.ts';
import type { Event } from '../../../schemas/events.ts';
import type { Assignment, Directive } from '../../../schemas/directive.ts';
import { compareStamps } from '../../../schemas/ids.ts';
import type { BalancerId, GroupId, LogId, ServerId } from '../../../schemas/ids.ts';
import { append, ask, epoch, founded } from '../../support/decider-spec.ts';
import { badVersion, PlayedAgent } from './played-agent.ts';

export class PlayedFleet {
  readonly state: FleetState = emptyState();
  observed: Observed = emptyObserved();
  now = epoch + 1_000;
  readonly agents = new Map<ServerId, PlayedAgent>();
  readonly assignmentByServer = new Map<string, Assignment>();
  readonly directiveByKey = new Map<string, Directive>();
  readonly poolByGroup = new Map<GroupId, Pool>();
  /** What each balancer spreads traffic over, by `appliedKey`. */
  readonly spreadByKey = new Map<string, Pool>();
  /** Every project version each group was ever told to carry. */
  readonly carriedByGroup = new Map<GroupId, Set<string>>();
  /** All that has happened, as the log would hold it. */
  readonly history: Event[] = [];
  readonly #snapshots = new Map<ServerId, MachineSnapshot>();
  /** Balancers that neither apply nor are heard. */
  readonly silentBalancers = new Set<BalancerId>();
  #reignBeganAt = this.now;
  #watch = this.#watchOfReign();

  constructor() {
    this.history.push(append(this.state, founded));
    this.elect();
  }

  command(type: string, body: object, principal = 'alice'): void {
    const decision = ask(this.state, type, body, { principal, at: this.now });
    if (decision.status === 'decided') this.#took(decision.event);
  }

  register(server: string): void {
    const id = server as ServerId;
    if (!this.agents.has(id)) this.agents.set(id, new PlayedAgent(id));
    const port = 8_000 + Number(server.slice(1));
    this.command('server.register', { server, address: { host: '10.0.0.1', port } }, `srv_${server}`);
  }

  /** A new leader: it has heard nobody, and grants everybody a full lease. */
  elect(): void {
    this.propose({ type: 'coordinator.elected', data: { term: this.state.term + 1, instance: 'c' } });
    this.observed = emptyObserved();
    for (const [group, { position }] of this.poolByGroup) this.observed.publishedPoolByGroup.set(group, position);
    this.#snapshots.clear();
    this.#reignBeganAt = this.now;
    this.#watch = this.#watchOfReign();
  }

  propose(proposal: Proposal): void {
    const { state } = this;
    const at = Math.max(state.at, this.now);
    const event = propose(state, proposal, { at, position: state.position + 1 });
    if (isRejection(event)) return;
    this.#beforeFolding(event);
    evolve(state, event);
    this.#took(event);
  }

  look(server: ServerId): void {
    const { state, observed, now } = this;
    const facts = factsOf(server, { state, observed, now, reignBeganAt: this.#reignBeganAt });
    const { snapshot, steps } = advance(this.#snapshots.get(server), facts);
    this.#snapshots.set(server, snapshot);
    for (const step of steps) this.#execute(step);
  }

  plan(group: GroupId): void {
    noteTraffic(this.state, this.observed, group);
    const { proposals } = planRollouts(this.state, group, this.observed, this.now);
    for (const proposal of [...groupProposals(this.state, group), ...proposals]) this.propose(proposal);
  }

  publishPool(group: GroupId): void {
    const pool = poolOf(this.state, group);
    if (pool === null) return;
    this.poolByGroup.set(group, structuredClone(pool));
    this.observed.publishedPoolByGroup.set(group, pool.position);
  }

  balance(balancer: BalancerId, group: GroupId): void {
    const pool = this.poolByGroup.get(group);
    if (pool === undefined || this.silentBalancers.has(balancer)) return;
    const key = appliedKey(balancer, group);
    this.spreadByKey.set(key, pool);
    const stamp = { log: this.state.log as LogId, term: this.state.term, position: pool.position };
    const applied = { ...stamp, balancer, group, servers: pool.entries.length, inFlight: [] };
    this.observed.appliedByKey.set(key, { applied, seenAt: this.now });
  }

  /** Everybody moves once: agents, leader, balancers. */
  round(): void {
    this.now += 1_000;
    for (const agent of this.agents.values()) {
      agent.act(this, this.observed, this.now);
      agent.beat(this.observed, this.now);
    }
    for (const server of this.agents.keys()) this.look(server);
    this.#watch.look();
    for (const group of this.state.groupById.keys()) {
      this.plan(group);
      this.publishPool(group);
      for (const balancer of balancersOf(this.state, group)) this.balance(balancer, group);
    }
  }

  #watchOfReign(): BalancerWatch {
    const clock: Clock = {
      now: () => this.now,
      monotonic: () => this.now,
      after: () => ({ cancel: () => undefined }),
      soon: () => undefined,
    };
    const beganAt = this.now;
    return new BalancerWatch({
      hearing: { silenceSince: (seenAt) => this.now - Math.max(seenAt, beganAt) },
      state: this.state,
      observed: this.observed,
      clock,
      propose: (proposal) => this.propose(proposal),
    });
  }

  #execute(step: Step): void {
    const stamp = { log: this.state.log as LogId, term: this.state.term };
    switch (step.name) {
      case 'publish-assignment': {
        const { server, group, position } = step.arguments;
        const before = this.assignmentByServer.get(server);
        if (group === null && before?.group === null) return;
        this.assignmentByServer.set(server, inOrder(before, { ...stamp, position, server, group }));
        return;
      }
      case 'publish-directive': {
        this.#maySay(step.arguments);
        const directive = { ...stamp, ...step.arguments, projects: [...step.arguments.projects] };
        const key = `${directive.group}/${directive.server}`;
        this.directiveByKey.set(key, inOrder(this.directiveByKey.get(key), directive));
        return;
      }
      case 'clear-directives': {
        const { server, except } = step.arguments;
        for (const group of this.state.groupById.keys()) {
          if (group !== except) this.directiveByKey.delete(`${group}/${server}`);
        }
        return;
      }
      case 'propose-replaced': {
        const drainTimeoutMs = this.state.groupById.get(step.arguments.group)?.policy.drainTimeoutMs ?? 0;
        return this.propose({ type: 'server.replaced', data: { ...step.arguments, drainTimeoutMs } });
      }
      case 'wake-at':
        return;
      default: {
        const type = step.name.replace('propose-', 'server.');
        return this.propose({ type, data: step.arguments } as Proposal);
      }
    }
  }

  /** Nobody refuses requests that a balancer still sends, unless its time is up. */
  #maySay({ server, group, serving }: Pick<Directive, 'server' | 'group' | 'serving'>): void {
    const drain = this.state.serverById.get(server)?.member?.drain ?? null;
    if (serving !== 'draining' || drain === null || this.now >= drain.deadlineAt) return;
    for (const balancer of balancersOf(this.state, group)) {
      const entry = this.spreadByKey.get(appliedKey(balancer, group))?.entries.find((each) => each.server === server);
      expect(entry?.admin, `${balancer} still sends to ${server}`).not.toBe('ready');
    }
  }

  #beforeFolding(event: Event): void {
    if (event.type === 'server.ready') this.#mayEnter(event);
    if (event.type === 'server.lost' && !event.data.held) this.#mayGo(event);
    if (event.type === 'rollout.succeeded') this.#maySucceed(event);
    if (event.type === 'rollout.advanced') this.#mayBeTold(event);
  }

  /** Nobody enters without a receipt for the set it is admitted at. */
  #mayEnter({ data: { server, covers } }: Event<'server.ready'>): void {
    const wanted = desiredFor(this.state, server)?.projects ?? [];
    const proof = this.agents.get(server)?.receipts.find((receipt) => {
      const held = new Set(receipt.projects.map(({ project, version }) => `${project}@${version}`));
      const isWhole = wanted.every(({ project, version }) => held.has(`${project}@${version}`));
      return receipt.position === covers && receipt.failures.length === 0 && isWhole;
    });
    expect(proof, `${server} proves ${covers}`).toBeDefined();
  }

  /** No pool is emptied by absence. */
  #mayGo({ data: { server: id, group: groupId } }: Event<'server.lost'>): void {
    const server = this.state.serverById.get(id);
    const group = groupId === null ? undefined : this.state.groupById.get(groupId);
    if (server === undefined || group === undefined || !isServing(server)) return;
    expect(group.servingCount, `${groupId} keeps somebody`).toBeGreaterThan(1);
  }

  /** No version has succeeded that works nowhere. */
  #maySucceed({ data: { group, rollout: id } }: Event<'rollout.succeeded'>): void {
    const versions = this.state.groupById
      .get(group)
      ?.rolloutById.get(id)
      ?.targets.map(({ to }) => to.version);
    expect(versions).not.toContain(badVersion);
  }

  /** No rollout touches who is lost, on its way out, or kept out by a person. */
  #mayBeTold({ data: { servers } }: Event<'rollout.advanced'>): void {
    for (const id of servers) {
      const { member, lost } = this.state.serverById.get(id) ?? { member: null, lost: null };
      expect([lost, member?.drain ?? null], `${id} may be told`).toEqual([null, null]);
      const until = member?.admittedAt != null ? 'rolled' : (member?.cordon?.until ?? 'rolled');
      expect(until, `${id} is nobody else's`).toBe('rolled');
    }
  }

  #took(event: Event): void {
    this.history.push(structuredClone(event));
    if (event.type === 'deployment.requested') this.#carries(event.data.group, [event.data]);
    if (event.type === 'release.requested') this.#carries(event.data.group, event.data.projects);
  }

  #carries(group: GroupId, releases: readonly { readonly project: string; readonly version: string }[]): void {
    const carried = this.carriedByGroup.get(group) ?? new Set();
    for (const { project, version } of releases) carried.add(`${project}@${version}`);
    this.carriedByGroup.set(group, carried);
  }
}

/** What is published never goes back, and one stamp never means two things. */
function inOrder<T extends Assignment | Directive>(before: T | undefined, next: T): T {
  if (before === undefined) return next;
  const order = compareStamps(next, before);
  expect(order, `published in order: ${JSON.stringify([before, next])}`).toBeGreaterThanOrEqual(0);
  if (order === 0) expect(next).toEqual(before);
  return next;
}
