/** What is held of a server whose heartbeats this coordinator answers, or another one does. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FleetId, LogId, ServerId } from '../../schemas/ids.ts';
import { Beat, type BeatAnswer, beatMsDefault } from '../../schemas/receipt.ts';
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
