/** Why something is as it is: the chain that led there, newest first, and what must happen for it to change. */
import { describe, expect, it } from 'vitest';
import type { GroupName, ProjectId, ServerId } from '../../schemas/ids.ts';
import { type Why, type WhyAsk, type WhyOptions, why } from '../../src/audit/why.ts';
import { whyData, whyPage } from '../../services/cli/why-page.ts';
import { createPaint } from '../../services/cli/paint.ts';
import { fact, founded } from '../support/decider-spec.ts';
import {
  advanced,
  created,
  deployed,
  drained,
  draining,
  failed,
  joined,
  left,
  lost,
  moving,
  published,
  ready,
  registered,
  replaced,
  replacing,
  returned,
  rolledBack,
  rolloutFailed,
  succeeded,
} from '../support/fleet-facts.ts';
import { type Told, toldSource } from '../support/told-history.ts';

const signal = new AbortController().signal;
const system = (it: Told['fact']): Told => ({ fact: it });
const by = (who: string, it: Told['fact'], reason?: string): Told => ({
  fact: it,
  by: who,
  ...(reason === undefined ? {} : { reason }),
});
const server = (id: string): WhyAsk => ({ kind: 'server', server: id as ServerId });
const group = (name: string): WhyAsk => ({ kind: 'group', group: name as GroupName });
const deployment = (project: string, name: string): WhyAsk => ({
  kind: 'deployment',
  project: project as ProjectId,
  group: name as GroupName,
});

/** The first three positions of every history. */
const beginning = [system(founded), by('ops', created('edge')), by('srv_s1', registered('s1'))];

function asked(told: readonly Told[], ask: WhyAsk, options: Partial<WhyOptions> = {}): Promise<Why> {
  return why({ source: toldSource([...beginning, ...told]), signal, ...options }, ask);
}
const positions = ({ steps }: Why) => steps.map(({ event }) => event.position);
/** Position → the position it follows from, or who commanded it, or what was seen. */
const causes = ({ steps }: Why) =>
  Object.fromEntries(
    steps.map(({ event, cause }) => [
      event.position,
      cause.kind === 'event' ? cause.position : cause.kind === 'command' ? event.principal : cause.what,
    ]),
  );

describe('why a server is as it is', () => {
  it('goes back over its proof to the command that joined it, with person and reason', async () => {
    const told = [by('ann', joined('s1', 'edge'), 'more capacity'), system(ready('s1', 'edge', 4))];
    const found = await asked(told, server('s1'));
    expect(causes(found)).toEqual({ 5: 4, 4: 'ann' });
    expect(found.steps.at(-1)?.event).toMatchObject({ principal: 'ann', reason: 'more capacity' });
    expect(found.standing).toMatchObject({ status: 'ready, in the pool of edge', next: ['takes traffic'] });
  });

  it('names the deployment it could not apply, and what would change that', async () => {
    const told = [
      by('ann', joined('s1', 'edge')),
      by('bob', published('orders', '1')),
      by('bob', deployed('orders', '1', 'edge'), 'release day'),
      system(failed('s1', 'edge', 6, 'port taken')),
    ];
    const found = await asked(told, server('s1'));
    expect(causes(found)).toEqual({ 7: 6, 6: 'bob', 4: 'ann' });
    expect(found.standing.status).toBe('failed, not in the pool of edge');
    expect(found.standing.reason).toContain('orders@1 (port taken)');
    expect(found.standing.next.join()).toContain('muster server retry s1');
  });

  it('follows a move through the drain out of the group before', async () => {
    const told = [
      by('ops', created('core')),
      by('ann', joined('s1', 'edge')),
      system(ready('s1', 'edge', 5)),
      by('cleo', moving('s1', 'edge', 'core'), 'rebalance'),
      system(left('s1', 'edge', { to: 'group', group: 'core' })),
    ];
    expect(causes(await asked(told, server('s1')))).toEqual({ 8: 7, 7: 'cleo' });
  });

  it('tells of an absence and of the return from it, further back than what the state remembers', async () => {
    const told = [system(lost('s1', null)), system(returned('s1', null))];
    expect(causes(await asked(told, server('s1')))).toEqual({ 5: 4, 4: 'its heartbeats are missing', 3: 'srv_s1' });
  });

  it('says who drained it, and how it comes back', async () => {
    const told = [
      by('ann', joined('s1', 'edge')),
      system(ready('s1', 'edge', 4)),
      by('dan', draining('s1', 'edge'), 'disk'),
      system(drained('s1', 'edge')),
    ];
    const found = await asked(told, server('s1'));
    expect(causes(found)).toMatchObject({ 7: 6, 6: 'dan', 4: 'ann' });
    expect(found.standing.next).toEqual(['waits for: muster server uncordon s1']);
  });

  it('tells of a replacement through the server that came for it', async () => {
    const told = [
      by('srv_s2', registered('s2')),
      by('ann', joined('s1', 'edge')),
      system(ready('s1', 'edge', 5)),
      by('eve', replacing('s1', 's2', 'edge')),
      system(ready('s2', 'edge', 7)),
      system(replaced('s1', 's2', 'edge')),
    ];
    expect(causes(await asked(told, server('s1')))).toMatchObject({ 9: 8, 8: 7, 7: 'eve' });
  });

  it('tells the last of one that is gone, and of one that never was that the log knows nothing', async () => {
    const gone = await asked([by('fay', fact('server.retired', { server: 's1' }))], server('s1'));
    expect(causes(gone)).toEqual({ 4: 'fay' });
    expect(gone.standing.status).toBe('not there');
    const never = await asked([], server('nobody'));
    expect(never).toMatchObject({ steps: [], standing: { status: 'not there' } });
  });

  it('is what it was then, with `at`', async () => {
    const told = [by('ann', joined('s1', 'edge')), system(ready('s1', 'edge', 4))];
    const found = await asked(told, server('s1'), { at: { position: 4 } });
    expect(positions(found)).toEqual([4]);
    expect(found).toMatchObject({ position: 4, standing: { status: 'syncing, not in the pool of edge' } });
    expect(positions(await asked(told, server('s1'), { at: { position: 3 } }))).toEqual([3]);
  });
});

describe('why a group and a deployment are as they are', () => {
  const release = [
    by('ann', joined('s1', 'edge')),
    system(ready('s1', 'edge', 4)),
    by('bob', published('orders', '1')),
    by('bob', deployed('orders', '1', 'edge'), 'release day'),
  ];
  const proved = [system(ready('s1', 'edge', 7)), system(succeeded('edge', 7))];

  it('counts who went on holding a version that another was rolled back to', async () => {
    const two = [by('srv_s2', registered('s2')), by('ann', joined('s2', 'edge')), system(ready('s2', 'edge', 11))];
    const told = [
      ...[...release, ...proved, ...two],
      by('bob', published('orders', '2')),
      by('bob', deployed('orders', '2', 'edge')),
      system(advanced('edge', 14, ['s1'])),
      system(rolloutFailed('edge', 14)),
      system(ready('s1', 'edge', 16)),
      system(rolledBack('edge', 14)),
    ];
    const { standing } = await asked(told, deployment('orders', 'edge'));
    expect(standing).toMatchObject({ status: 'orders@1 proved by 2 of 2 servers' });
  });

  it('hangs on whoever has yet to prove the version, then on nobody', async () => {
    const before = await asked(release, deployment('orders', 'edge'));
    expect(causes(before)).toEqual({ 7: 'bob' });
    expect(before.standing).toMatchObject({ status: 'orders@1 proved by 0 of 1 servers' });
    expect(before.standing.next).toEqual(['rollout 7: tells 1 server', expect.stringMatching(/^server s1: /)]);
    const after = await asked([...release, ...proved], deployment('orders', 'edge'));
    expect(causes(after)).toEqual({ 9: 7, 7: 'bob' });
    expect(after.standing.next).toEqual(['nothing is outstanding: the next command changes it']);
  });

  it('says who took a project off, once it runs no more', async () => {
    const withdrawn = by('gus', fact('deployment.withdrawn', { group: 'edge', project: 'orders' }), 'end of life');
    const found = await asked([...release, ...proved, withdrawn], deployment('orders', 'edge'));
    expect(causes(found)).toEqual({ 10: 'gus' });
    expect(found.standing.next).toEqual(['waits for: muster deploy orders@VERSION edge']);
  });

  it('tells of a held pool, and of the absence that the floor did not let go', async () => {
    const held = fact('pool.held', { group: 'edge', servers: ['s1'], size: 1, floor: 1 });
    const found = await asked([...release, ...proved, system(lost('s1', 'edge', true)), system(held)], group('edge'));
    expect(causes(found)).toMatchObject({ 11: 10, 10: 'its heartbeats are missing', 9: 7, 7: 'bob' });
    expect(found.standing.status).toBe('held');
  });

  it('is the same in any case a group is written in', async () => {
    expect(positions(await asked(release, group('EDGE')))).toEqual(positions(await asked(release, group('edge'))));
  });
});

describe('why a position', () => {
  const told = [by('ann', joined('s1', 'edge'), 'more capacity'), system(ready('s1', 'edge', 4))];

  it('leads from the event to the command, and tells how what it was about stands now', async () => {
    const gone = [...told, by('dan', draining('s1', 'edge')), system(drained('s1', 'edge'))];
    const found = await asked(gone, { kind: 'position', position: 5 });
    expect(causes(found)).toEqual({ 5: 4, 4: 'ann' });
    expect(found).toMatchObject({ position: 7, standing: { status: 'server s1: cordoned, not in the pool of edge' } });
  });

  it('of a refusal gives what it said to do', async () => {
    const rejection = {
      code: 'group-not-empty',
      message: 'edge has a server.',
      next: 'muster server leave s1',
    } as const;
    const refused = by('ann', fact('command.rejected', { command: 'group.delete', rejection }));
    const found = await asked([...told, refused], { kind: 'position', position: 6 });
    expect(found.standing).toEqual({
      status: 'refused (group-not-empty)',
      reason: 'edge has a server.',
      next: ['muster server leave s1'],
    });
  });

  it('past the end is refused', async () => {
    await expect(asked(told, { kind: 'position', position: 99 })).rejects.toMatchObject({ code: 'config-invalid' });
  });
});

describe('the answer as it is shown', () => {
  it('is one line a step, with who, what and what it follows from; and the same as data', async () => {
    const told = [by('ann', joined('s1', 'edge'), 'more\u001b[2Jcapacity'), system(ready('s1', 'edge', 4))];
    const found = await asked(told, server('s1'));
    const page = whyPage(found, createPaint(false));
    expect(page).toContain('server s1 is ready, in the pool of edge');
    expect(page).toMatch(/next {2}takes traffic/);
    expect(page).toMatch(/5 .* system .*position 4/);
    expect(page).toMatch(/4 .* ann .*command command-4/);
    expect(page).not.toContain('\u001b');
    const data = JSON.parse(JSON.stringify(whyData(found)));
    expect(data).toMatchObject({
      position: 5,
      steps: [{ cause: { kind: 'event', position: 4 } }, { cause: { id: 'command-4' } }],
    });
  });
});
