/** What is held of a server whose heartbeats this coordinator answers, or another one does. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BalancerId, FleetId, GroupId, LogId, ServerId } from '../../schemas/ids.ts';
import { Applied, Beat, type BeatAnswer, beatMsDefault, Receipt } from '../../schemas/receipt.ts';
import { subjects } from '../../schemas/subjects.ts';
import { Observations } from '../../src/coordinator/observations.ts';
import type { Bus } from '../../src/nats/bus.ts';
import type { ObservedServer } from '../../src/projections/observed.ts';
import { systemClock } from '../../src/std/clock.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { encodeMessage } from '../../src/wire/message.ts';
import { eventually } from '../support/eventually.ts';
import { openBus, uniqueName } from '../support/nats-bus.ts';
import { type NatsServer, startNats } from '../support/nats-server.ts';

const server = 's1' as ServerId;
const none = { term: 0, position: 0 };
const beat = Beat.parse({ server, instance: 'i1', assignment: none, directive: none, healthy: true });

let nats: NatsServer;
let bus: Bus;

beforeAll(async () => {
  nats = await startNats();
  bus = await openBus(nats.url, 'coordinator');
});
afterAll(async () => {
  await bus?.close();
  await nats?.stop();
});

/** Beats one after another, each answered with that pace: undefined says nothing of it, null is another's to answer. */
async function heard(...paces: readonly (number | undefined | null)[]): Promise<ObservedServer | undefined> {
  const fleet = uniqueName('fleet') as FleetId;
  let beats = 0;
  const onHeard = () => {
    beats += 1;
  };
  const observations = new Observations({ bus, fleet, clock: systemClock, logger: silentLogger, onHeard });
  observations.start();
  await bus.flush();
  for (const [index, beatMs] of paces.entries()) {
    const answer = (): BeatAnswer => ({
      ...{ log: 'log' as LogId, term: 1, known: true, group: null, assignment: none, directive: none, receipt: 0 },
      ...(beatMs === undefined || beatMs === null ? {} : { beatMs }),
    });
    const ignored = () => undefined;
    const listener = { answer, onBeat: ignored, onReceipt: ignored, onBalancer: ignored };
    observations.listen(beatMs === null ? undefined : listener);
    bus.publish({ subject: subjects.beat(fleet, server), data: encodeMessage(beat) });
    await eventually(() => beats === index + 1, { what: 'the heartbeat' });
  }
  observations.stop();
  return observations.observed.serverById.get(server);
}

describe('the pace a server was told to beat at', () => {
  it('is the default where its answer says nothing of it, so that a shorter lease does not come before its next beat', async () => {
    expect((await heard(166))?.beatMs).toBe(166);
    expect((await heard(undefined))?.beatMs).toBe(beatMsDefault);
    expect((await heard(10_000, undefined))?.beatMs).toBe(beatMsDefault);
  });

  it('is forgotten once another leader answers', async () => {
    expect(await heard(10_000, null)).toMatchObject({ beat: { server } });
    expect((await heard(10_000, null))?.beatMs).toBeUndefined();
  });
});

describe('what is taken in', () => {
  const stamp = { log: 'log-of-ours', term: 1, position: 3 };
  const receipt = Receipt.parse({ ...stamp, server, instance: 'i1', serving: 'yes', projects: [], failures: [] });
  const [edge, other] = ['edge' as BalancerId, 'other' as BalancerId];
  const group = 'production' as GroupId;
  const applied = Applied.parse({ ...stamp, balancer: edge, group, servers: 1, inFlight: [] });

  /** What was heard of these, in order; the last is a heartbeat, so that everything before it has been judged. */
  async function takenIn(...sent: readonly { readonly subject: (fleet: FleetId) => string; readonly body: unknown }[]) {
    const fleet = uniqueName('fleet') as FleetId;
    const kinds: string[] = [];
    const onHeard = ({ kind }: { readonly kind: string }) => void kinds.push(kind);
    const observations = new Observations({ bus, fleet, clock: systemClock, logger: silentLogger, onHeard });
    observations.start();
    await bus.flush();
    const last = { subject: (of: FleetId) => subjects.beat(of, server), body: beat };
    for (const { subject, body } of [...sent, last]) {
      bus.publish({ subject: subject(fleet), data: encodeMessage(body) });
    }
    await eventually(() => kinds.includes('beat'), { what: 'the heartbeat behind them' });
    observations.stop();
    return kinds.slice(0, -1);
  }

  it('is a balancer’s word only where that balancer says it', async () => {
    const body = applied;
    expect(await takenIn({ subject: (fleet) => subjects.applied(fleet, edge, group), body })).toEqual(['applied']);
    expect(await takenIn({ subject: (fleet) => subjects.applied(fleet, other, group), body })).toEqual([]);
  });

  it('is no longer than a person reads: what a stranger’s agent says goes into the log', async () => {
    const subject = (fleet: FleetId) => subjects.receipt(fleet, server);
    const failing = (letters: number) => {
      const failures = [{ project: 'hello', version: '1.0.0', text: 'x'.repeat(letters) }];
      return { subject, body: { ...receipt, failures } };
    };
    expect(await takenIn(failing(500))).toEqual(['receipt']);
    expect(await takenIn(failing(501))).toEqual([]);
    expect(await takenIn({ subject, body: { ...receipt, instance: 'i'.repeat(65) } })).toEqual([]);
  });
});
